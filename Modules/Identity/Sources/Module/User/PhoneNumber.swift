import Kernel
import PhoneNumbers

/// A phone number in international form (ITU-T E.164). Each number has one form, however it was written.
struct PhoneNumber: WireValue, Hashable {
    let text: String

    static var schema: Schema { Schema.string.described("A phone number with + or 00 and the country code.") }
    var json: JSON { .string(text) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PhoneNumber? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let text = raw.text else { return reading.note(path, "must be a string") }
        return PhoneNumber(normalising: text) ?? reading.note(path, "must be a phone number in international form such as +306912345678")
    }

    /// The form for events: `***5678`.
    var masked: String { "***" + text.suffix(4) }

    init?(normalising raw: String) {
        guard let text = E164.form(of: raw) else { return nil }
        self.text = text
    }
}
