import Application
import Database
import EventStore
import Kernel

/// Shows staff one aggregate: its row, its state and its first events. Every access is logged.
struct ShowAggregate: Lookup {
    let kind: String
    let id: String
    let limit: PageSize

    struct Found: Sendable {
        let query: ShowAggregate
        let category: Kernel.Category
        let known: FindState.Reply
        let page: FindEvents.Reply
    }

    private static let event = Schema.object(["version": .integer, "type": .string, "timestamp": .time, "orgId": .string, "event": .object])
    private static let registry = Schema.object(["orgId": Schema.string.nullable, "createdAt": .time, "updatedAt": .time])
    static let missing: String? = nil
    static let shape = Shape<Found>(
        .member("aggregateType") { $0.category.className }, .member("aggregateId") { $0.query.id },
        .json("doId", Schema.string.nullable) { _ in .null },
        .json("registry", registry.nullable) { found in
            guard let row = found.known.row else { return .null }
            return ["orgId": row["orgId"] ?? .null, "createdAt": row["createdAt"] ?? .null, "updatedAt": row["updatedAt"] ?? .null]
        },
        .member("stateFound") { $0.known.state != nil }, .json("state", Schema.any.optional) { $0.known.state },
        .json("events", .list(of: event)) { .array($0.page.events) }, .member("eventCount") { $0.page.version },
        .member("eventsTruncated") { $0.page.hasMore })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        guard let found = AggregateKinds.find(kind) else { throw RequestError.problems([Problem("type", "is no kind of aggregate")]) }
        let now = services.clock(), name = found.category.name
        let page = try await services.bus.ask(
            FindEvents(category: name, id: id, from: 1, to: nil, type: nil, limit: limit.number), module: found.module.name,
            trace: request.trace, now: now)
        let known = try await services.bus.ask(
            FindState(category: name, id: id), module: found.module.name, trace: request.trace, now: now)
        services.log.notice("Staff has read an aggregate", ["staff": request.caller.name, "aggregate": "\(name)-\(id)"])
        return Found(query: self, category: found.category, known: known, page: page)
    }

    static let operation = Operation.lookup(
        "/admin/aggregates/{type}/{id}", "Look at an aggregate, its state and its events; empty for one that does not exist", allow: .staff,
        inputs: .init(
            .path("type", "Kind of aggregate: `lock` or `LockAggregate`."), .path("id", "Id of the aggregate."),
            .query("limit", "At most this many events.", default: PageSize(number: 200))), make: ShowAggregate.init(kind:id:limit:))
}

/// Asks a module for the stored state of an aggregate.
struct FindState: ModuleQuestion {
    static let name = "host.StoredState"
    let category: String
    let id: String

    struct Reply: Codable, Sendable {
        /// As in a list of aggregates; nil when there is none.
        let row: JSON?
        let state: JSON?
    }

    static func answer(_ module: Module, _ store: ModuleStore, _ database: any Database) -> AskHandler {
        AskHandler(FindState.self, of: module.name) { question in
            let found = try await database.read(
                """
                SELECT category, id, org_id, changed_at, state, (SELECT e.at FROM \(trusted: module.name).events e
                    WHERE e.category = a.category AND e.id = a.id AND e.version = 1) AS created_at
                FROM \(trusted: module.name).aggregates a WHERE category = \(question.category) AND id = \(question.id)
                """)
            guard let row = found.first else { return Reply(row: nil, state: nil) }
            let stream = StreamName(question.category, question.id)
            return Reply(
                row: try FindAggregates.describe(row), state: try await store.decrypted(try row.read("state"), of: stream))
        }
    }
}
