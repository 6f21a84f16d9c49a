import Application
import Host
import Kernel
import Testing

/// Holds every answer of a running server to the schema that its operation publishes.
enum SchemaCheck {
    private static let operations = Dictionary(grouping: Modules.operations.map(\.operation)) { operation in
        operation.path.split(separator: "/").count
    }

    /// Records an issue for an answer that its operation does not describe.
    static func check(_ reply: Reply, to method: String, _ path: String) {
        guard (200..<300).contains(reply.status), let operation = operation(method, path), operation.kind != .page else { return }
        guard let answer = operation.answers.first(where: { $0.status == reply.status }) else {
            Issue.record("\(operation.key) does not describe its answer \(reply.status)")
            return
        }
        for problem in problems(reply.body, answer.schema?.json ?? [:], "body") {
            Issue.record("\(operation.key) \(reply.status): \(problem)")
        }
    }

    private static func operation(_ method: String, _ path: String) -> Operation? {
        let steps = path.prefix { $0 != "?" }.split(separator: "/")
        let found = (operations[steps.count] ?? []).filter { operation in
            operation.method.rawValue == method
                && zip(operation.path.split(separator: "/"), steps).allSatisfy { $0.first == "{" || $0 == $1 }
        }
        // A fixed step wins over one that takes everything.
        return found.min { $0.path.count { $0 == "{" } < $1.path.count { $0 == "{" } }
    }

    /// What a value has that its schema (JSON Schema 2020-12, the words that the platform uses) does not allow.
    static func problems(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        if let any = schema["anyOf"]?.items {
            return any.contains { problems(value, $0, place).isEmpty } ? [] : ["\(place): \(value.encoded) fits none of anyOf"]
        }
        if let constant = schema["const"], constant != value { return ["\(place): \(value.encoded) is not \(constant.encoded)"] }
        if let values = schema["enum"]?.items, !values.contains(value) {
            return ["\(place): \(value.encoded) is none of \(JSON.array(values).encoded)"]
        }
        switch schema["type"]?.text {
        case "string": return string(value, schema, place)
        case "integer": return value.integer == nil ? ["\(place): \(value.encoded) is no integer"] : bounds(value, schema, place)
        case "number": return value.number == nil ? ["\(place): \(value.encoded) is no number"] : bounds(value, schema, place)
        case "null": return value.isNull ? [] : ["\(place): \(value.encoded) is not null"]
        case "boolean": return value.boolean == nil ? ["\(place): \(value.encoded) is no boolean"] : []
        case "array":
            guard let items = value.items else { return ["\(place): \(value.encoded) is no list"] }
            return items.enumerated().flatMap { problems($1, schema["items"] ?? [:], "\(place)[\($0)]") }
        case "object": return object(value, schema, place)
        default: return []
        }
    }

    private static func string(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        guard let text = value.text else { return ["\(place): \(value.encoded) is no string"] }
        if schema["format"] == "uuid", UUIDText.problem(with: text) != nil { return ["\(place): \(text) is no UUID"] }
        if schema["format"] == "date-time", Timestamp(iso: text) == nil { return ["\(place): \(text) is no time"] }
        if let most = schema["maxLength"]?.integer, text.unicodeScalars.count > most { return ["\(place): too long"] }
        if let least = schema["minLength"]?.integer, text.unicodeScalars.count < least { return ["\(place): too short"] }
        if let pattern = schema["pattern"]?.text, (try? Regex(pattern)).map({ !text.contains($0) }) ?? true {
            return ["\(place): \(text) does not match \(pattern)"]
        }
        return []
    }

    private static func bounds(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        let number = value.number ?? 0
        if let least = schema["minimum"]?.number, number < least { return ["\(place): \(number) is below \(least)"] }
        if let most = schema["maximum"]?.number, number > most { return ["\(place): \(number) is above \(most)"] }
        return []
    }

    private static func object(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
        guard let members = value.members else { return ["\(place): \(value.encoded) is no object"] }
        guard let properties = schema["properties"]?.members else { return [] }
        let missing = (schema["required"]?.items ?? []).compactMap(\.text).filter { members[$0] == nil }.map { "\(place).\($0) is missing" }
        return missing
            + members.members.flatMap { member in
                properties[member.key].map { problems(member.value, $0, "\(place).\(member.key)") } ?? [
                    "\(place).\(member.key) is not described"
                ]
            }
    }
}

@Suite struct SchemaCheckTests {
    private let schema = Schema.object([
        "id": UUIDText.schema, "count": Schema.integer.with("minimum", 1), "label": Schema.string.limited(max: 3).nullable,
        "tags": .list(of: .string),
        "kind": Schema.oneOf(["a", "b"]).optional,
    ]).json
    private let valid: JSON.Object = ["id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "count": 1, "label": .null, "tags": ["x"]]

    @Test func `what fits has no problems`() {
        #expect(SchemaCheck.problems(.object(valid.merging(["kind": "b"])), schema, "body").isEmpty)
    }

    @Test(
        arguments: [
            ["id": "7"], ["count": 0], ["count": .double(1.5)], ["count": "1"], ["label": "long"], ["label": 7], ["tags": [1]],
            ["tags": "x"], ["kind": "c"],
            ["kind": .null],
            ["more": 1], ["count": .null],
        ] as [JSON.Object]) func `what does not fit is found`(change: JSON.Object)
    {
        #expect(!SchemaCheck.problems(.object(valid.merging(change)), schema, "body").isEmpty)
    }

    @Test(arguments: ["id", "count", "label", "tags"]) func `what is missing is found`(name: String) {
        var less = valid
        less[name] = nil
        #expect(SchemaCheck.problems(.object(less), schema, "body") == ["body.\(name) is missing"])
    }
}
