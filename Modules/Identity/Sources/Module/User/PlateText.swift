import Kernel

/// A number plate as cameras are to find it: upper case, without blanks and dashes, Greek letters that look like Latin ones as Latin.
///
/// Greek plates use only the fourteen letters that both alphabets share in shape, so that folding loses nothing.
struct PlateText: Text {
    let text: String
    init(_ text: String) { self.text = text }

    private static let lookAlikes: [Character: Character] = [
        "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N", "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X",
    ]

    static var schema: Schema { Schema.string.limited(least: 1, most: 32) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PlateText? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        guard text.count <= 32 else { return reading.note(path, "must have at most 32 characters") }
        return PlateText(normalising: text) ?? reading.note(path, "must have letters or digits")
    }

    /// Nil where nothing is left.
    init?(normalising raw: String) {
        let kept = raw.uppercased().filter { !$0.isWhitespace && !"-‐‑–—.·".contains($0) }.map { Self.lookAlikes[$0] ?? $0 }
        guard !kept.isEmpty else { return nil }
        text = String(kept)
    }
}
