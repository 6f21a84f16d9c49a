public import Kernel

/// The bodies of the commands that callers may send, as the operations declare them.
public struct CommandCatalogue: Sendable {
    /// JSON Schemas by the name of the command: the last part of its address.
    public let schemas: JSON.Object

    public init(_ contexts: [Module]) {
        let operations = contexts.flatMap(\.operations).filter { operation in
            operation.method == .post && operation.kind != .page && !operation.path.hasPrefix("/admin/")
        }
        schemas = operations.sorted { $0.path < $1.path }.reduce(into: JSON.Object()) { schemas, operation in
            let steps = operation.path.split(separator: "/")
            guard steps.count == 3, steps[1].first == "{", let name = steps.last.map(String.init) else { return }
            schemas[name] = operation.fields.filter { $0.place == .body }.schema.json
        }
    }
}
