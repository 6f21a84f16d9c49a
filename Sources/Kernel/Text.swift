/// A text with a meaning: an identifier, a code, a name. Its type says which, and what it must look like.
public protocol Text: WireValue, Hashable, Codable, CustomStringConvertible, ExpressibleByStringLiteral {
    var text: String { get }
    init(_ text: String)
    /// What is wrong with a text that is to become such a value; nil when nothing is.
    static func problem(with text: String) -> String?
    static var schema: Schema { get }
}

extension Text {
    public static func problem(with text: String) -> String? { nil }
    public static var schema: Schema { .string }
    public var json: JSON { .string(text) }
    public var description: String { text }
    public init(stringLiteral value: String) { self.init(value) }

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        if let problem = problem(with: text) { return reading.note(path, problem) }
        return Self(text)
    }

    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The opaque identifier of a `Thing`: two kinds of identifiers never mix.
public struct ID<Thing>: Text {
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// A text of at least one character.
public struct NonEmpty: Text {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    public static var schema: Schema { .string.limited(least: 1) }
}

/// A UUID in its text form of 8-4-4-4-12 hexadecimal digits (RFC 9562 §4), of any version and case.
public struct UUIDText: Text {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static var schema: Schema { .string.formatted("uuid") }

    public static func problem(with text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isUUID = parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.utf8.allSatisfy(isHex) }
        return isUUID ? nil : "must be a UUID"
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }

    /// A new random UUID of version 7 (RFC 9562 §5.7): it begins with the time, so that indexes over it grow at one end.
    public static func fresh(at now: Moment) -> UUIDText {
        var generator = SystemRandomNumberGenerator()
        return UUIDText(at: now, random: (generator.next(), generator.next()))
    }

    init(at now: Moment, random: (UInt64, UInt64)) {
        let high = UInt64(bitPattern: now.milliseconds) << 16 | 0x7000 | random.0 & 0x0FFF
        self.init(high: high, low: 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// A UUID of version 8 (RFC 9562 §5.8) made of the first 16 bytes of a digest: the same bytes give the same UUID.
    public init(digest: some Sequence<UInt8>) {
        var words: [UInt64] = [0, 0]
        for (place, byte) in digest.prefix(16).enumerated() { words[place / 8] = words[place / 8] << 8 | UInt64(byte) }
        self.init(high: words[0] & ~0xF000 | 0x8000, low: 0x8000_0000_0000_0000 | words[1] & 0x3FFF_FFFF_FFFF_FFFF)
    }

    private init(high: UInt64, low: UInt64) {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(36)
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { out.append(UInt8(ascii: "-")) }
            let word = nibble < 16 ? high : low
            out.append(digits[Int(word >> UInt64((15 - nibble % 16) * 4) & 0xF)])
        }
        text = String(decoding: out, as: UTF8.self)
    }
}
