/// A statement whose values are bound, never inlined: `"SELECT state FROM streams WHERE id = \(id)"`.
public struct SQL: Sendable, ExpressibleByStringInterpolation, Equatable {
    /// The text with the placeholders `$1`, `$2` … for values.
    public private(set) var text: String
    public private(set) var values: [SQLValue]
    /// Whether the transaction must be rolled back when this statement changes or finds no row.
    public private(set) var mustAffect = false
    /// What the statement writes, if it may be merged with others of the same text that write something else.
    public private(set) var mergeKey: SQLValue?
    /// Whether nothing that is remembered of credentials and stored states counts after the transaction.
    public private(set) var raisesEpoch = false

    public init(stringLiteral value: String) { (text, values) = (value, []) }
    public init(stringInterpolation: Interpolation) { (text, values) = (stringInterpolation.text, stringInterpolation.values) }
    public init(text: String, values: [SQLValue]) { (self.text, self.values) = (text, values) }

    /// The same statement as a condition: its transaction is rolled back when it changes or finds no row.
    public var required: SQL { var copy = self; copy.mustAffect = true; return copy }

    /// The same statement as one that raises the credentials epoch.
    public var raisingEpoch: SQL { var copy = self; copy.raisesEpoch = true; return copy }

    /// Returns the statement as one that may be merged with others of the same text into one statement over arrays. It must be an INSERT
    /// with one list of VALUES, without the alias `r` and without values in its ON CONFLICT. Its effect must not depend on other rows of
    /// the same text, nor on other statements about the same key in other commits.
    /// - Parameter key: what it writes; statements with the same key are not merged.
    public func mergeable(by key: some SQLBindable) -> SQL { var copy = self; copy.mergeKey = key.sql; return copy }

    /// Returns the text with its placeholders renumbered to follow as many others.
    private func text(from count: Int) -> String {
        guard count > 0, !values.isEmpty else { return text }
        var moved = "", rest = text[...]
        while let place = rest.firstIndex(of: "$") {
            moved += rest[...place]
            rest = rest[rest.index(after: place)...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits) { moved += String(number + count) }
            rest = rest.dropFirst(digits.count)
        }
        return moved + rest
    }

    public struct Interpolation: StringInterpolationProtocol {
        var text = ""
        var values: [SQLValue] = []

        public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + interpolationCount * 3) }
        public mutating func appendLiteral(_ literal: String) { text += literal }

        public mutating func appendInterpolation(_ value: some SQLBindable) {
            values.append(value.sql)
            text += "$\(values.count)"
        }

        public mutating func appendInterpolation(optional value: (some SQLBindable)?) {
            values.append(value?.sql ?? .null)
            text += "$\(values.count)"
        }

        /// A part of a statement with its own values.
        public mutating func appendInterpolation(fragment: SQL) {
            text += fragment.text(from: values.count)
            values += fragment.values
        }

        /// A name or a fragment written by the program itself; never pass external input.
        public mutating func appendInterpolation(trusted fragment: String) { text += fragment }
    }
}

/// A value that can be bound to a statement and read from a row.
public enum SQLValue: Sendable, Hashable {
    case null
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case text(String)
    case bytes([UInt8])
    /// A list of whole numbers; PostgreSQL only.
    case ints([Int64])
    /// A list of texts or nulls; PostgreSQL only.
    case texts([String?])
}

public protocol SQLBindable: Sendable { var sql: SQLValue { get } }
extension SQLValue: SQLBindable { public var sql: SQLValue { self } }
extension String: SQLBindable { public var sql: SQLValue { .text(self) } }
extension Int: SQLBindable { public var sql: SQLValue { .int(Int64(self)) } }
extension Int64: SQLBindable { public var sql: SQLValue { .int(self) } }
extension Bool: SQLBindable { public var sql: SQLValue { .bool(self) } }
extension Double: SQLBindable { public var sql: SQLValue { .double(self) } }
extension Timestamp: SQLBindable { public var sql: SQLValue { .int(milliseconds) } }
extension JSON: SQLBindable { public var sql: SQLValue { .text(encoded) } }
extension [UInt8]: SQLBindable { public var sql: SQLValue { .bytes(self) } }
extension Optional: SQLBindable where Wrapped: SQLBindable { public var sql: SQLValue { self?.sql ?? .null } }
extension ID: SQLBindable { public var sql: SQLValue { .text(text) } }
extension UUIDText: SQLBindable { public var sql: SQLValue { .text(text) } }
extension NonEmptyString: SQLBindable { public var sql: SQLValue { .text(text) } }
extension Name: SQLBindable { public var sql: SQLValue { .text(text) } }
extension Reason: SQLBindable { public var sql: SQLValue { .text(text) } }

/// One row of a result.
public struct Row: Sendable {
    public let columns: [String]
    public let values: [SQLValue]

    public init(columns: [String], values: [SQLValue]) { (self.columns, self.values) = (columns, values) }
}
