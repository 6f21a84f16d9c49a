/// A type that can be read from a column.
public protocol ColumnValue {
    /// Nil for a column value of another kind.
    init?(column: SQLValue)
}

/// A row without the expected form: a column is missing or has another kind of value.
public struct RowDecodingError: Error, Sendable, Equatable {
    public let column: String
    /// Nil when there is no such column.
    public let value: SQLValue?

    public init(column: String, value: SQLValue?) {
        self.column = column
        self.value = value
    }
}

/// Describes the column and the kind of its value but not the value itself, because messages end up in logs and lists.
extension RowDecodingError: CustomStringConvertible {
    public var description: String {
        let kind =
            switch value {
            case nil: "not among the columns that were asked for"
            case .null?: "null"
            case .text(let text)?: "a text of \(text.utf8.count) bytes"
            case .int?: "a whole number"
            case .double?: "a number"
            case .bool?: "a truth value"
            case .bytes(let bytes)?: "\(bytes.count) bytes"
            case .ints?, .texts?: "a list"
            }
        return "column \(column) cannot be read: it is \(kind)"
    }
}

extension Row {
    /// Returns the value of a column.
    /// - Throws: `RowDecodingError` when there is no such column or its value is of another kind; null is accepted only for an optional.
    public func read<Value: ColumnValue>(_ column: String, as type: Value.Type = Value.self) throws(RowDecodingError) -> Value {
        guard let place = columns.firstIndex(of: column) else { throw RowDecodingError(column: column, value: nil) }
        guard let value = Value(column: values[place]) else { throw RowDecodingError(column: column, value: values[place]) }
        return value
    }

    /// Returns the value of a column; nil for null.
    /// - Throws: `RowDecodingError` when there is no such column or its value is of another kind.
    public func find<Value: ColumnValue>(_ column: String, as type: Value.Type = Value.self) throws(RowDecodingError) -> Value? {
        try read(column, as: Value?.self)
    }
}

extension Optional: ColumnValue where Wrapped: ColumnValue {
    public init?(column: SQLValue) {
        if column == .null {
            self = nil
        } else {
            guard let value = Wrapped(column: column) else { return nil }
            self = .some(value)
        }
    }
}

extension String: ColumnValue {
    public init?(column: SQLValue) {
        guard case .text(let text) = column else { return nil }
        self = text
    }
}

extension Int64: ColumnValue {
    public init?(column: SQLValue) {
        guard case .int(let number) = column else { return nil }
        self = number
    }
}

extension Int: ColumnValue {
    public init?(column: SQLValue) {
        guard case .int(let number) = column else { return nil }
        self = Int(number)
    }
}

extension Double: ColumnValue {
    public init?(column: SQLValue) {
        guard case .double(let number) = column else { return nil }
        self = number
    }
}

/// SQLite stores Booleans as 0 and 1.
extension Bool: ColumnValue {
    public init?(column: SQLValue) {
        switch column {
        case .bool(let flag): self = flag
        case .int(let number): self = number != 0
        default: return nil
        }
    }
}

extension Timestamp: ColumnValue {
    public init?(column: SQLValue) {
        guard case .int(let milliseconds) = column else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension [UInt8]: ColumnValue {
    public init?(column: SQLValue) {
        guard case .bytes(let bytes) = column else { return nil }
        self = bytes
    }
}

/// JSON is stored as text.
extension JSON: ColumnValue {
    public init?(column: SQLValue) {
        guard case .text(let text) = column, let json = try? JSON.parse(text, depth: 64) else { return nil }
        self = json
    }
}

extension StringValue {
    public init?(column: SQLValue) {
        guard case .text(let text) = column else { return nil }
        self.init(text)
    }
}
extension ID: ColumnValue {}
extension UUIDText: ColumnValue {}
extension NonEmptyString: ColumnValue {}

extension ColumnValue where Self: RawRepresentable, RawValue == String {
    public init?(column: SQLValue) {
        guard case .text(let text) = column else { return nil }
        self.init(rawValue: text)
    }
}
