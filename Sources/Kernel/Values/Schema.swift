/// The form of a value in JSON Schema 2020-12; kept as JSON because only documents read it.
public struct Schema: Sendable, Equatable {
    public var members: JSON.Object
    /// Whether a field with this schema may be absent.
    public var isOptional = false

    public init(_ members: JSON.Object, isOptional: Bool = false) {
        self.members = members
        self.isOptional = isOptional
    }
    public var json: JSON { .object(members) }

    public static let string = Schema(["type": "string"])
    public static let integer = Schema(["type": "integer"])
    public static let number = Schema(["type": "number"])
    public static let boolean = Schema(["type": "boolean"])
    public static let any = Schema([:])
    public static let object = Schema(["type": "object"])
    public static let time = Schema.string.formatted("date-time")

    public static func oneOf(_ values: [String]) -> Schema { Schema(["type": "string", "enum": .array(values.map(JSON.string))]) }
    public static func constant(_ value: JSON) -> Schema { Schema(["const": value]) }

    public static func list(of item: Schema) -> Schema { Schema(["type": "array", "items": item.json]) }

    /// An object; members whose schema is optional are not required.
    public static func object(_ members: KeyValuePairs<String, Schema>) -> Schema { object(members.lazy.map { ($0.key, $0.value) }) }

    public static func object(_ members: some Sequence<(String, Schema)>) -> Schema {
        var properties = JSON.Object(), required: [JSON] = []
        for (name, schema) in members {
            properties[name] = schema.json
            if !schema.isOptional { required.append(.string(name)) }
        }
        return Schema(["type": "object", "properties": .object(properties), "required": required.isEmpty ? nil : .array(required)])
    }

    /// The same value, which may be absent.
    public var optional: Schema { var copy = self; copy.isOptional = true; return copy }
    /// The same value, or null.
    public var nullable: Schema { Schema(["anyOf": [json, ["type": "null"]]]) }

    public func formatted(_ format: String) -> Schema { with("format", .string(format)) }
    public func described(_ message: String) -> Schema { with("description", .string(message)) }
    public func matching(_ pattern: String) -> Schema { with("pattern", .string(pattern)) }

    /// Returns the schema with bounds on the length of a text or the number of items of a list.
    public func limited(min: Int64? = nil, max: Int64? = nil) -> Schema {
        let isList = members["type"] == "array"
        return with(isList ? "minItems" : "minLength", min.map(JSON.int)).with(isList ? "maxItems" : "maxLength", max.map(JSON.int))
    }

    public func with(_ word: String, _ value: JSON?) -> Schema {
        var copy = self
        if let value { copy.members[word] = value }
        return copy
    }
}
