#include "phone_numbers.h"

#include <cstring>
#include <string>

#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

bool phone_number_e164(const char *text, size_t length, char *out, size_t room) {
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    // "ZZ" is no region: only numbers that name their country are read.
    if (util->Parse(std::string(text, length), "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) return false;
    if (number.has_extension() || !util->IsPossibleNumber(number)) return false;
    std::string formatted;
    util->Format(number, PhoneNumberUtil::E164, &formatted);
    if (formatted.size() + 1 > room) return false;
    std::memcpy(out, formatted.c_str(), formatted.size() + 1);
    return true;
}
