/// A problem with a request, and its place.
public struct Problem: Error, Sendable, Hashable {
    /// The place: a name, with indexes and members appended (`doors[1].label`).
    public let field: String
    /// What is wrong, phrased to follow the field: "must be a UUID".
    public let reason: String
    public init(_ field: String, _ reason: String) { (self.field, self.reason) = (field, reason) }
}

/// Collects the problems found while a request is read. Reading continues after the first, so that all are reported at once.
public struct Reading: Sendable {
    /// Where the values come from.
    public enum Source: Sendable {
        /// The body of a request.
        case body
        /// A URL or a header, where numbers and flags are written as text.
        case text
        /// The event log. Limits apply to incoming data only; stored data was accepted under the limits of its time.
        case storage
    }

    public private(set) var problems: [Problem] = []
    public var source: Source

    public init(from source: Source = .body) { self.source = source }

    /// Whether limits of length, range and form are checked.
    public var checksLimits: Bool { source != .storage }

    /// Notes a problem; returns nil so that a reader can return it.
    public mutating func note<Value>(_ field: String, _ reason: String) -> Value? {
        problems.append(Problem(field, reason))
        return nil
    }
}

/// A value with a JSON form and its own validation.
public protocol WireValue: Sendable, Equatable {
    static var schema: Schema { get }
    /// Reads the value; `raw` is nil when nothing was given. Notes every problem and returns nil when there is one.
    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self?
    var json: JSON { get }
}

/// A free text. A text with a meaning has its own type and, with it, its own limit.
extension String: WireValue {
    private static let maxLength = 1_000
    public static var schema: Schema { .string.limited(max: Int64(maxLength)) }
    public var json: JSON { .string(self) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> String? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let text = raw.text else { return reading.note(path, "must be a string") }
        if reading.checksLimits, let problem = text.problem(max: maxLength, mayBreak: true) { return reading.note(path, problem) }
        return text
    }
}

/// A whole number that every JSON library represents exactly (RFC 8259 §6).
extension Int: WireValue {
    private static let largest = 1 << 53 - 1
    public static var schema: Schema { .integer.with("minimum", .int(Int64(-largest))).with("maximum", .int(Int64(largest))) }
    public var json: JSON { .int(Int64(self)) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Int? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let number = whole(raw, isFromText: reading.source == .text) else { return reading.note(path, "must be a whole number") }
        guard !reading.checksLimits || (-largest...largest).contains(number) else {
            return reading.note(path, "must be a whole number of at most 53 bits")
        }
        return number
    }

    private static func whole(_ raw: JSON, isFromText: Bool) -> Int? {
        if isFromText, let text = raw.text, let number = Int(text), String(number) == text { return number }
        if case .double(let number) = raw { return Int(exactly: number) }
        return raw.integer.map { Int($0) }
    }
}

extension Double: WireValue {
    public static var schema: Schema { .number }
    /// Written without a fraction when it has none.
    public var json: JSON { Int64(exactly: self).map(JSON.int) ?? .double(self) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Double? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let number = raw.number else { return reading.note(path, "must be a number") }
        return number
    }
}

extension Bool: WireValue {
    public static var schema: Schema { .boolean }
    public var json: JSON { .bool(self) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Bool? {
        guard let raw else { return reading.note(path, "is missing") }
        if reading.source == .text, let text = raw.text, text == "true" || text == "false" { return text == "true" }
        guard let flag = raw.boolean else { return reading.note(path, "must be true or false") }
        return flag
    }
}

extension Timestamp: WireValue {
    public static var schema: Schema { .time }
    public var json: JSON { .string(iso) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Timestamp? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        return Timestamp(iso: text) ?? reading.note(path, "must be a time in UTC such as 2026-08-20T09:30:00Z")
    }
}

extension JSON.Object: WireValue {
    public static var schema: Schema { .object }
    public var json: JSON { .object(self) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> JSON.Object? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let object = raw.members else { return reading.note(path, "must be an object") }
        return object
    }
}

/// May be absent but not null, because the contract does not allow null in its fields. `Nullable` is for values that may be null.
extension Optional: WireValue where Wrapped: WireValue {
    public static var schema: Schema { Wrapped.schema.optional }
    public var json: JSON { self?.json ?? .null }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        guard let raw else { return .some(.none) }
        return Wrapped.read(raw, at: path, &reading).map { .some($0) }
    }
}

/// A value that may be null but not absent.
public struct Nullable<Value: WireValue>: WireValue {
    public let value: Value?
    public init(_ value: Value?) { self.value = value }
    public static var schema: Schema { Value.schema.nullable }
    public var json: JSON { value?.json ?? .null }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        if raw?.isNull == true { return Self(nil) }
        return Value.read(raw, at: path, &reading).map { Self($0) }
    }
}

/// A list. A list with its own limit has its own type.
extension Array: WireValue where Element: WireValue {
    private static var maxLength: Int { 1_000 }
    public static var schema: Schema { .list(of: Element.schema).limited(max: Int64(maxLength)) }
    public var json: JSON { .array(map(\.json)) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> [Element]? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let items = raw.items else { return reading.note(path, "must be a list") }
        guard !reading.checksLimits || items.count <= maxLength else { return reading.note(path, "must have at most \(maxLength) entries") }
        var all: [Element] = []
        for (place, item) in items.enumerated() {
            if let value = Element.read(item, at: "\(path)[\(place)]", &reading) { all.append(value) }
        }
        return all.count == items.count ? all : nil
    }
}

extension WireValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    public static var schema: Schema { .oneOf(allCases.map(\.rawValue)) }
    public var json: JSON { .string(rawValue) }
    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        return Self(rawValue: text) ?? reading.note(path, "must be one of " + allCases.map(\.rawValue).joined(separator: ", "))
    }
}
