import CPhoneNumbers

/// Normalises phone numbers with libphonenumber, which knows the formats of all countries.
public enum E164 {
    /// Returns a number in the form of ITU-T E.164, `+` and at most 15 digits, or nil for anything but a number with a country code, before
    /// which `00` may replace `+`. Different spellings of a number have one form: `+44 (0) 20 7946 0958` is `+442079460958`.
    public static func form(of text: String) -> String? {
        // Longer texts are never phone numbers, so the library is not called.
        guard text.unicodeScalars.count <= 64 else { return nil }
        let shown = text.unicodeScalars.filter { $0.properties.generalCategory != .format && !$0.properties.isWhitespace }
        var international = String(String.UnicodeScalarView(shown))
        let first = shown.prefix(2)
        if first.count == 2, first.allSatisfy({ $0.properties.numericValue == 0 }) {
            international = "+" + String(String.UnicodeScalarView(shown.dropFirst(2)))
        }
        var out = [CChar](repeating: 0, count: 24)
        let isNumber = international.withCString { phone_number_e164($0, international.utf8.count, &out, out.count) }
        return isNumber ? String(decoding: out.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
