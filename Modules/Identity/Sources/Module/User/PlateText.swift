import Kernel

/// A number plate: in upper case, without blanks and dashes, in the letters in which it was entered. Plates are compared as a camera reads
/// them, so a Greek letter equals the Latin letter that it looks like.
///
/// Greek plates use only the fourteen letters that have the same shape in both alphabets, so folding loses nothing.
struct PlateText: StringValue {
    let text: String
    init(_ text: String) { self.text = text }

    static func == (a: PlateText, b: PlateText) -> Bool { a.folded.hasSameBytes(as: b.folded) }
    func hash(into hasher: inout Hasher) { ExactText(folded).hash(into: &hasher) }

    private static let lookAlikes: [Character: Character] = [
        "\u{391}": "A", "\u{392}": "B", "\u{395}": "E", "\u{396}": "Z", "\u{397}": "H", "\u{399}": "I", "\u{39A}": "K", "\u{39C}": "M",
        "\u{39D}": "N", "\u{39F}": "O",
        "\u{3A1}": "P", "\u{3A4}": "T", "\u{3A5}": "Y", "\u{3A7}": "X",
    ]

    static var maxLength: Int { 32 }
    static var schema: Schema { Schema.string.limited(min: 1, max: Int64(maxLength)) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PlateText? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let text = raw.text else { return reading.note(path, "must be a string") }
        guard reading.checksLimits else { return PlateText(text) }
        if let problem = text.problem(max: maxLength) { return reading.note(path, problem) }
        return PlateText(normalising: text) ?? reading.note(path, "must have letters or digits")
    }

    /// Returns nil if no letter or digit is left.
    init?(normalising raw: String) {
        let kept = raw.unicodeScalars.compactMap(Self.kept)
        let text = String(String.UnicodeScalarView(kept)).uppercased()
        guard text.contains(where: { $0.isLetter || $0.isNumber }) else { return nil }
        self.text = text
    }

    /// The plate as cameras read it: only letters and digits, with Greek look-alikes replaced by Latin letters.
    var folded: String { String(text.filter { $0.isLetter || $0.isNumber }.map { Self.lookAlikes[$0] ?? $0 }) }

    /// Returns nil for blanks, dashes and invisible characters; full-width forms (U+FF01 to U+FF5E) become the characters they represent.
    private static func kept(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.properties.generalCategory {
        case .format, .control, .spaceSeparator, .lineSeparator, .paragraphSeparator, .dashPunctuation, .nonspacingMark, .enclosingMark: nil
        case _ where (0xFF01...0xFF5E).contains(scalar.value):
            Unicode.Scalar(scalar.value - 0xFEE0).flatMap { $0.properties.generalCategory == .dashPunctuation ? nil : $0 }
        default: scalar
        }
    }
}
