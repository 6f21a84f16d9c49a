/// The members of a response, declared once; its JSON and its schema derive from them.
public struct Shape<Value>: Sendable {
    /// One member: its documentation and how it is written.
    public struct Member: Sendable {
        let docs: [(name: String, schema: Schema)]
        let write: @Sendable (Value, inout JSON.Object) -> Void
    }

    private let members: [Member]
    public init(_ members: [Member]) { self.members = members }
    public init(_ members: Member...) { self.init(members) }

    /// Creates a shape from an existing schema.
    public init(whole schema: Schema, _ members: @escaping @Sendable (Value) -> JSON.Object) {
        let properties = schema.members["properties"]?.members ?? [:],
            required = Set(schema.members["required"]?.items?.compactMap(\.text) ?? [])
        let docs = properties.members.map { ($0.key, Schema($0.value.members ?? [:], isOptional: !required.contains($0.key))) }
        self.init(Member(docs: docs) { value, object in object = object.merging(members(value)) })
    }

    public var schema: Schema { .object(members.flatMap(\.docs).map { ($0.name, $0.schema) }) }

    public func object(_ value: Value) -> JSON.Object {
        var object = JSON.Object()
        for member in members { member.write(value, &object) }
        return object
    }

    public func json(_ value: Value) -> JSON { .object(object(value)) }
}

extension Shape.Member {
    /// A value; the nil of an optional is left out, while `Nullable` writes null.
    public static func member<V: WireValue>(_ name: String, _ value: @escaping @Sendable (Value) -> V) -> Self {
        let schema = V.schema
        return Self(docs: [(name, schema)]) { whole, object in
            let json = value(whole).json
            if !json.isNull || !schema.isOptional { object[name] = json }
        }
    }

    /// A time in milliseconds since 1970.
    public static func milliseconds(_ name: String, _ value: @escaping @Sendable (Value) -> Timestamp?) -> Self {
        json(name, .integer.optional) { value($0).map { .int($0.milliseconds) } }
    }

    /// A member with a shape of its own.
    public static func object<V>(_ name: String, _ shape: Shape<V>, _ value: @escaping @Sendable (Value) -> V) -> Self {
        json(name, shape.schema) { shape.json(value($0)) }
    }

    /// An optional member with a shape of its own.
    public static func optional<V>(_ name: String, _ shape: Shape<V>, _ value: @escaping @Sendable (Value) -> V?) -> Self {
        json(name, shape.schema.optional) { value($0).map(shape.json) }
    }

    public static func list<V>(_ name: String, of shape: Shape<V>, _ values: @escaping @Sendable (Value) -> [V]) -> Self {
        json(name, .list(of: shape.schema)) { .array(values($0).map(shape.json)) }
    }

    /// An untyped member: documents of devices, data of events.
    /// - Parameter json: returns the value; nil leaves the member out.
    public static func json(_ name: String, _ schema: Schema, _ json: @escaping @Sendable (Value) -> JSON?) -> Self {
        Self(docs: [(name, schema)]) { whole, object in object[name] = json(whole) }
    }

    public static func constant(_ name: String, _ json: JSON) -> Self {
        Self(docs: [(name, .constant(json))]) { _, object in object[name] = json }
    }

    /// The members of another shape.
    public static func members<V>(of shape: Shape<V>, _ value: @escaping @Sendable (Value) -> V) -> Self {
        Self(docs: shape.docs) { whole, object in object = object.merging(shape.object(value(whole))) }
    }
}

extension Shape {
    fileprivate var docs: [(name: String, schema: Schema)] { members.flatMap(\.docs) }
}
