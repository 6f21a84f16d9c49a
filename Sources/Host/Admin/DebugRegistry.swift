import Application
import Kernel

/// What this build is made of: its operations, what reacts to which events, its views. Modules that do not answer are named.
struct DebugRegistry: AskAll {
    struct Whole: Sendable {
        let parts: [ListParts.Reply]
        let unavailable: [String]
    }

    private static let route = Schema.object([
        "method": .string, "path": .string, "className": .string, "aggregateType": Schema.string.optional,
        "isCreateCommand": Schema.boolean.optional,
    ])
    private static let handler = Schema.object(["key": .string, "eventType": .string, "aggregateType": .string, "className": .string])
    private static let projector = Schema.object(["id": .string, "className": .string])

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .json("routes", .list(of: route)) { _ in .array(routes) },
        .json("eventHandlers", .list(of: handler)) { .array($0.parts.flatMap(\.handlers)) },
        .json("projectors", .list(of: projector)) { .array($0.parts.flatMap(\.projectors)) },
        .json(
            "summary", Schema.object(["routeCount": .integer, "eventHandlerCount": .integer, "projectorCount": .integer])
        ) { whole in
            [
                "routeCount": routes.count.json, "eventHandlerCount": whole.parts.map(\.handlers.count).reduce(0, +).json,
                "projectorCount": whole.parts.map(\.projectors.count).reduce(0, +).json,
            ]
        }, .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    private static var routes: [JSON] {
        Modules.operations.map { _, operation in
            [
                "method": .string(operation.method.rawValue), "path": .string(operation.path), "className": .string(name(of: operation)),
                "aggregateType": operation.aggregate.map { .string($0.className) },
                "isCreateCommand": operation.createsAggregate ? true : nil,
            ]
        }
    }

    /// The last step of the address that is a name, such as `AddKey`.
    private static func name(of operation: Operation) -> String {
        operation.path.split(separator: "/").last { $0.first != "{" }.map(String.init) ?? operation.path
    }

    var question: ListParts { ListParts() }
    func whole(_ replies: [ListParts.Reply], unavailable: [String]) -> Whole? { Whole(parts: replies, unavailable: unavailable) }

    static let operation = Operation.askAll(
        .get, "/admin/debug/registry", "List operations, reactions and views of this build", allow: .staff, of: Modules.names,
        inputs: .init(), make: { DebugRegistry() })
}

/// Asks a module for its reactions and views.
struct ListParts: ModuleQuestion {
    static let name = "host.Parts"

    struct Reply: Codable, Sendable {
        let handlers: [JSON]
        let projectors: [JSON]
    }

    static func answer(_ module: Module, _ reactions: [Reaction]) -> AskHandler {
        let kinds = Dictionary(
            Modules.all.flatMap(\.aggregates).flatMap { kind in kind.events.map { ($0.name, kind.category.className) } }
        ) { first, _ in first }
        let handlers: [JSON] = reactions.flatMap { reaction in
            (reaction.names ?? []).sorted().map { event in
                [
                    "key": .string("\(reaction.name):\(event)"), "eventType": .string(event),
                    "aggregateType": .string(kinds[event] ?? ""), "className": .string(reaction.name),
                ]
            }
        }
        let views = module.aggregates.flatMap { kind in kind.viewTables.map { ("\(module.name).\($0.name)", kind.category.className) } }
        let projectors: [JSON] = views.map { ["id": .string($0.0), "className": .string($0.1)] }
        return AskHandler(ListParts.self, of: module.name) { _ in Reply(handlers: handlers, projectors: projectors) }
    }
}
