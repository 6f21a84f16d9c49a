import Kernel

/// An e-mail address: trimmed, lower-cased and of the usual form.
struct EmailAddress: WireValue, Hashable {
    let text: String

    static var schema: Schema { Schema.string.described("An e-mail address; case and surrounding blanks do not matter.") }
    var json: JSON { .string(text) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> EmailAddress? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        return EmailAddress(normalising: text) ?? reading.note(path, "must be an e-mail address")
    }

    /// The form for events: `a***@example.com`.
    var masked: String { text.prefix(1) + "***" + text[(text.firstIndex(of: "@") ?? text.startIndex)...] }

    /// Returns nil if the text is not an address.
    init?(normalising raw: String) {
        // Checked before lower-casing, which would turn some non-ASCII characters into ASCII (U+212A).
        guard raw.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let text = raw.trimmed.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, Self.isLocal(parts[0]), Self.isDomain(parts[1]) else { return nil }
        self.text = text
    }

    private static func isLocal(_ part: Substring) -> Bool {
        guard let last = part.last, part.first != ".", !part.contains("..") else { return false }
        return part.allSatisfy { isWord($0) || "_'+-.".contains($0) } && (isWord(last) || "_+-".contains(last))
    }

    private static func isDomain(_ part: Substring) -> Bool {
        let labels = part.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, let top = labels.last, top.count >= 2, top.allSatisfy({ $0.isASCII && $0.isLetter }) else { return false }
        return labels.allSatisfy { label in label.first.map(isWord) ?? false && label.allSatisfy { isWord($0) || $0 == "-" } }
    }

    private static func isWord(_ character: Character) -> Bool { character.isASCII && (character.isLetter || character.isNumber) }
}
