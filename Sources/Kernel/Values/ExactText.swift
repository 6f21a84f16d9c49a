/// A text that is compared by its bytes. Swift's own equality is canonical equivalence (Unicode §2.12): two spellings of `é` would be one
/// identifier here and two in a database.
public struct ExactText: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }

    public static func == (a: ExactText, b: ExactText) -> Bool { a.text.hasSameBytes(as: b.text) }

    /// Hashes the bytes: if equivalent spellings shared a bucket, an attacker could fill it.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)  // no text contains this byte
    }
}

extension String {
    /// Returns whether both are the same sequence of bytes in UTF-8.
    public func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { own.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// Returns why a text from outside is rejected, nil if it is not: its length in code points, or characters that are invisible or change
    /// the display order.
    /// - Parameter mayBreak: whether line breaks and tabs are allowed.
    public func problem(max limit: Int, mayBreak: Bool = false) -> String? {
        // No code point has more than four bytes, so a far too long text is rejected without counting its code points.
        guard utf8.count <= limit * 4, unicodeScalars.count <= limit else { return "must have at most \(limit) characters" }
        return unicodeScalars.contains { $0.isUnseen(mayBreak: mayBreak) } ? "must not contain control characters" : nil
    }
}

extension Unicode.Scalar {
    /// Whether it is a control character (C0, C1, DEL) or changes the direction of the text around it (UAX #9 §2.1–2.4).
    fileprivate func isUnseen(mayBreak: Bool) -> Bool {
        switch value {
        case 0x09, 0x0A, 0x0D: !mayBreak
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
