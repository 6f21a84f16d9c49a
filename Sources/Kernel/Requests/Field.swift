/// One input of an operation: its place in the request, its meaning and how it is read.
public struct Field<Value: Sendable>: Sendable {
    /// Its description on the API page; nil for a value that the caller does not send.
    let doc: FieldDoc?
    let read: @Sendable (Request, inout Reading) -> Value?
}

/// A field as documents show it.
public struct FieldDoc: Sendable {
    public enum Place: String, Sendable { case path, query, header, body }
    public let name: String
    public let place: Place
    public let note: String
    public let schema: Schema
    public init(name: String, place: Place, note: String, schema: Schema) {
        self.name = name
        self.place = place
        self.note = note
        self.schema = schema
    }
}

extension [FieldDoc] {
    /// The object that has these fields.
    public var schema: Schema { .object(map { ($0.name, $0.schema.described($0.note)) }) }
}

extension Field where Value: WireValue {
    public static func path(_ name: String, _ note: String) -> Field { at(.path, name, note) { $0.path[name].map(JSON.string) } }
    public static func query(_ name: String, _ note: String) -> Field { at(.query, name, note) { $0.query[name].map(JSON.string) } }
    public static func header(_ name: String, _ note: String) -> Field { at(.header, name, note) { $0.header(name).map(JSON.string) } }
    public static func body(_ name: String, _ note: String) -> Field { at(.body, name, note) { $0.body[name] } }

    /// A member of the body with a default for when the caller gives none.
    public static func body(_ name: String, _ note: String, default fallback: Value) -> Field {
        let schema = Value.schema.with("default", fallback.json).optional
        return Field(doc: FieldDoc(name: name, place: .body, note: note, schema: schema)) { request, reading in
            guard let raw = request.body[name] else { return fallback }
            return Value.read(raw, at: name, &reading)
        }
    }

    public static func query(_ name: String, _ note: String, default fallback: Value) -> Field {
        let schema = Value.schema.with("default", fallback.json).optional
        return Field(doc: FieldDoc(name: name, place: .query, note: note, schema: schema)) { request, reading in
            guard let raw = request.query[name] else { return fallback }
            return readText(.string(raw), name, &reading)
        }
    }

    /// Returns the same field with one more rule.
    /// - Parameter problem: returns what is wrong with a value, phrased to follow the field's name; nil when nothing is wrong.
    public func checked(_ problem: @escaping @Sendable (Value) -> String?) -> Field {
        Field(doc: doc) { request, reading in
            guard let value = read(request, &reading) else { return nil }
            guard let problem = problem(value) else { return value }
            return reading.note(doc?.name ?? "body", problem)
        }
    }

    private static func at(_ place: FieldDoc.Place, _ name: String, _ note: String, _ raw: @escaping @Sendable (Request) -> JSON?) -> Field
    {
        Field(doc: FieldDoc(name: name, place: place, note: note, schema: Value.schema)) { request, reading in
            place == .body ? Value.read(raw(request), at: name, &reading) : readText(raw(request), name, &reading)
        }
    }

    private static func readText(_ raw: JSON?, _ name: String, _ reading: inout Reading) -> Value? {
        reading.source = .text
        defer { reading.source = .body }
        return Value.read(raw, at: name, &reading)
    }
}

extension Field where Value == Caller {
    /// The caller, with the tenant that the credentials belong to.
    public static var caller: Field { Field(doc: nil) { request, _ in request.caller } }
}

extension Field where Value == Request {
    /// The request itself, for operations that read it in their own way.
    public static var request: Field { Field(doc: nil) { request, _ in request } }
}

/// Marks a body without members that the operation does not support.
public struct NothingElse: Sendable {
    public init() {}
}

extension Field where Value == NothingElse {
    /// Rejects members that belong to a sibling of this operation. Ignoring them would mislead a caller who relies on their effect.
    /// - Parameters:
    ///   - members: each with the list of values that are accepted because they describe what this operation does anyway.
    ///   - sibling: the operation that supports the members.
    public static func but(_ members: JSON.Object, belongTo sibling: String) -> Field {
        Field(doc: nil) { request, reading in
            for member in members.members {
                guard let value = request.body[member.key], member.value.items?.contains(value) != true else { continue }
                let _: Value? = reading.note(member.key, "is not for this operation; it belongs to \(sibling)")
            }
            return NothingElse()
        }
    }
}

extension Field where Value == NothingElse {
    /// Rejects all members except the given ones.
    /// - Parameter reason: the problem reported for another member, phrased to follow its name.
    public static func noOther(than names: Set<String>, _ reason: String) -> Field {
        Field(doc: nil) { request, reading in
            for name in request.body.keys where !names.contains(name) { let _: Value? = reading.note(name, reason) }
            return NothingElse()
        }
    }
}

extension Field where Value == NothingElse {
    /// Rejects a query parameter without the one that it belongs to.
    public static func query(_ name: String, needs other: String) -> Field {
        Field(doc: nil) { request, reading in
            if request.query[name] != nil, request.query[other] == nil { let _: Value? = reading.note(name, "needs \(other)") }
            return NothingElse()
        }
    }

    /// Rejects a value of a query parameter beside others.
    public static func query(_ name: String, of value: String, excludes others: [String]) -> Field {
        Field(doc: nil) { request, reading in
            if request.query[name] == value, others.contains(where: { request.query[$0] != nil }) {
                let _: Value? = reading.note(name, "cannot be \(value) together with \(others.joined(separator: " or "))")
            }
            return NothingElse()
        }
    }
}

extension Field where Value == ActionID {
    /// The id of the action that this request starts; a repeat with the same `Idempotency-Key` gets the same id.
    public static var action: Field { Field(doc: nil) { request, _ in request.action } }
}

extension Field where Value: StringValue {
    /// A new UUID for something that this request creates; a repeat with the same `Idempotency-Key` gets the same UUID.
    public static func generated(_ purpose: String) -> Field {
        Field(doc: nil) { request, _ in Value(request.identifier(for: purpose).text) }
    }

    /// A new UUID for a secret that grants access by being known: 122 random bits (RFC 9562 §5.4); repeatable like `generated`.
    public static func secret(_ purpose: String) -> Field {
        Field(doc: nil) { request, _ in Value(request.attempt.secret(purpose).text) }
    }
}
