import CPhoneNumbers

/// Phone numbers by libphonenumber, which knows how the countries of the world write theirs.
public enum E164 {
    /// A number in the form of ITU-T E.164: `+` and at most 15 digits. One number has one form, however it was written: `+44 (0)
    /// 20 7946 0958` is `+442079460958`. Nil for what is no number with a country code, in front of which `00` may stand for `+`.
    public static func form(of text: String) -> String? {
        // Nothing that long is a number; the library is not asked about it.
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
