/// A text with a meaning: an identifier, a code, a name. Its type defines the meaning and the form.
public protocol StringValue: WireValue, Hashable, Codable, CustomStringConvertible, ExpressibleByStringLiteral {
    var text: String { get }
    init(_ text: String)
    /// The maximum number of code points for a value from outside.
    static var maxLength: Int { get }
    /// Returns what is wrong with a text besides its length and invisible characters; nil when nothing is wrong.
    static func problem(with text: String) -> String?
    static var schema: Schema { get }
}

/// Texts with a meaning are compared byte by byte, as databases do.
extension StringValue {
    public static func == (a: Self, b: Self) -> Bool { a.text.hasSameBytes(as: b.text) }
    public func hash(into hasher: inout Hasher) { ExactText(text).hash(into: &hasher) }
}

extension StringValue {
    public static var maxLength: Int { 1_000 }
    public static func problem(with text: String) -> String? { nil }
    public static var schema: Schema { .string.limited(max: Int64(maxLength)) }
    public var json: JSON { .string(text) }
    public var description: String { text }
    public init(stringLiteral value: String) { self.init(value) }

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let text = raw.text else { return reading.note(path, "must be a string") }
        if reading.checksLimits, let problem = text.problem(max: maxLength) ?? problem(with: text) { return reading.note(path, problem) }
        return Self(text)
    }

    public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The opaque identifier of a `Thing`; identifiers of different kinds cannot be mixed up. Compared byte by byte; a UUID is kept in lower
/// case, because UUIDs are case-insensitive (RFC 9562 §4).
public struct ID<Thing>: StringValue {
    public let text: String
    public init(_ text: String) { self.text = text.foldedUUID }
    public static var maxLength: Int { 128 }
    public static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    public static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}

/// A name or another short text of at least one character.
public struct NonEmptyString: StringValue {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static var maxLength: Int { 200 }
    public static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    public static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}

/// A name that may be empty.
public struct Name: StringValue {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static var maxLength: Int { 200 }
}

/// A reason, of at least one character.
public struct Reason: StringValue {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    public static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}

/// A UUID in its text form of 8-4-4-4-12 hexadecimal digits (RFC 9562 §4), of any version; kept in lower case.
public struct UUIDText: StringValue {
    public let text: String
    public init(_ text: String) { self.text = text.foldedUUID }
    public static var maxLength: Int { 36 }
    public static var schema: Schema { .string.formatted("uuid") }
    public static func problem(with text: String) -> String? { text.isUUID ? nil : "must be a UUID" }

    /// Returns a new random UUID of version 7 (RFC 9562 §5.7). It begins with the time, so that indexes over it grow at one end.
    public static func fresh(at now: Timestamp) -> UUIDText {
        var generator = SystemRandomNumberGenerator()
        return UUIDText(at: now, random: (generator.next(), generator.next()))
    }

    /// Returns a new UUID of version 4 (RFC 9562 §5.4): 122 random bits, for identifiers that grant access by being known.
    public static func secret() -> UUIDText {
        var generator = SystemRandomNumberGenerator()
        return UUIDText(high: generator.next() & ~0xF000 | 0x4000, low: 0x8000_0000_0000_0000 | generator.next() & 0x3FFF_FFFF_FFFF_FFFF)
    }

    init(at now: Timestamp, random: (UInt64, UInt64)) {
        let high = UInt64(bitPattern: now.milliseconds) << 16 | 0x7000 | random.0 & 0x0FFF
        self.init(high: high, low: 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Creates a UUID of version 8 (RFC 9562 §5.8) from the first 16 bytes of a digest; the same bytes give the same UUID.
    public init(digest: some Sequence<UInt8>) { self.init(bytes: digest, version: 0x8000) }

    /// Creates a UUID in the form of version 4 (RFC 9562 §5.4) from the first 16 of unguessable bytes: a keyed digest or random bytes.
    public init(unguessable bytes: some Sequence<UInt8>) { self.init(bytes: bytes, version: 0x4000) }

    private init(bytes: some Sequence<UInt8>, version: UInt64) {
        var halves: [UInt64] = [0, 0]
        for (place, byte) in bytes.prefix(16).enumerated() { halves[place / 8] = halves[place / 8] << 8 | UInt64(byte) }
        self.init(high: halves[0] & ~0xF000 | version, low: 0x8000_0000_0000_0000 | halves[1] & 0x3FFF_FFFF_FFFF_FFFF)
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

extension String {
    /// Returns whether it is the text form of a UUID (RFC 9562 §4), in either case.
    var isUUID: Bool {
        guard utf8.count == 36 else { return false }
        return utf8.enumerated().allSatisfy { place, byte in
            switch (place, byte) {
            case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")), (23, UInt8(ascii: "-")): true
            case (8, _), (13, _), (18, _), (23, _): false
            case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")),
                (_, UInt8(ascii: "A")...UInt8(ascii: "F")):
                true
            default: false
            }
        }
    }

    /// A UUID in lower case; any other text unchanged.
    public var foldedUUID: String {
        guard utf8.count == 36, utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }), isUUID else { return self }
        return lowercased()
    }
}
