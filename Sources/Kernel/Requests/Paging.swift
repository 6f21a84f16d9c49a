/// The requested part of a list.
public struct PageRequest: Sendable, Equatable {
    public let limit: Int
    /// The key of the last item before this part; nil for the beginning of the list.
    public let after: String?
    public init(limit: Int, after: String? = nil) {
        self.limit = limit
        self.after = after
    }
}

/// One page of a list.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// The key of the last item when more items follow.
    public let next: String?

    public init(_ items: [Item], next: String?) {
        self.items = items
        self.next = next
    }

    /// Creates a page from rows that were read with one more than the page shows.
    public init(_ found: [Item], _ page: PageRequest, key: (Item) -> String) {
        items = Array(found.prefix(page.limit))
        next = found.count > page.limit ? items.last.map(key) : nil
    }
}

/// The number of items that a page may have.
public struct PageLimit: WireValue {
    public let number: Int
    public init(_ number: Int) { self.number = number }
    private static let largest = 200
    public static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(largest))) }
    public var json: JSON { number.json }

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PageLimit? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...largest).contains(number) ? PageLimit(number) : reading.note(path, "must be a whole number from 1 to \(largest)")
    }
}

/// An opaque position in a list, as callers pass it. A malformed cursor is rejected, never treated as the end of the list.
public struct Cursor: WireValue {
    public let key: String
    public init(key: String) { self.key = key }
    public static var schema: Schema { .string.limited(max: 1_000) }
    public var json: JSON { .string(Self.prefix + Hexadecimal.encode(key.utf8)) }
    private static let prefix = "c"

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Cursor? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        guard text.hasPrefix(prefix), let key = decode(text.dropFirst(prefix.count).utf8) else {
            return reading.note(path, "must be a cursor that a page has given")
        }
        return Cursor(key: key)
    }

    private static func decode(_ digits: Substring.UTF8View) -> String? {
        let values = digits.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard values.count.isMultiple(of: 2), !values.contains(nil) else { return nil }
        return String(validating: stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0]! << 4 | values[$0 + 1]!) }, as: UTF8.self)
    }
}
