#ifndef SPKEY_PHONE_NUMBERS_H
#define SPKEY_PHONE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Reads a phone number in international form and writes it as E.164, ended by a zero byte.
/// Answers false for what is no possible number of a country, or where the room does not suffice.
bool phone_number_e164(const char *text, size_t length, char *out, size_t room);

#ifdef __cplusplus
}
#endif

#endif
