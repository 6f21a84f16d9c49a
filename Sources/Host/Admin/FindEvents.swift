import Application
import Database
import EventStore
import Kernel

/// Asks a module for stored events of an aggregate.
struct FindEvents: ModuleQuestion {
    static let name = "host.StoredEvents"
    let category: String
    let id: String
    let from: Int
    let to: Int?
    let type: String?
    let limit: Int

    struct Reply: Codable, Sendable {
        let events: [JSON]
        /// The version of the last of these events; nil when there is none.
        let last: Int?
        let hasMore: Bool
        /// The version of the aggregate; 0 when it does not exist.
        let version: Int
        let changedAt: Timestamp?
    }

    static func answer(_ module: Module, _ store: ModuleStore, _ database: any Database) -> AskHandler {
        AskHandler(FindEvents.self, of: module.name) { try await events($0, module.name, store, database) }
    }

    private static func events(_ question: FindEvents, _ schema: String, _ store: ModuleStore, _ database: any Database) async throws
        -> FindEvents.Reply
    {
        let rows = try await database.read([
            """
            SELECT version, type, data, org_id, at FROM \(trusted: schema).events
            WHERE category = \(question.category) AND id = \(question.id) AND version >= \(question.from) \
            AND version <= \(question.to ?? Int(Int32.max))
                AND (CAST(\(optional: question.type) AS TEXT) IS NULL OR type = \(optional: question.type))
            ORDER BY version LIMIT \(question.limit + 1)
            """,
            "SELECT version, changed_at FROM \(trusted: schema).aggregates WHERE category = \(question.category) AND id = \(question.id)",
        ])
        let found = rows[0].rows, shown = found.prefix(question.limit), aggregate = rows[1].rows.first
        let stream = StreamName(question.category, question.id)
        var events: [JSON] = []
        for row in shown { events.append(try describe(row, try await store.decrypted(try row.read("data"), of: stream))) }
        return FindEvents.Reply(
            events: events, last: try shown.last?.read("version"), hasMore: found.count > question.limit,
            version: try aggregate?.read("version") ?? 0,
            changedAt: try aggregate?.read("changed_at"))
    }

    private static func describe(_ row: Row, _ data: JSON) throws -> JSON {
        let event = EventData(try row.read("type"), data.members ?? [:])
        return [
            "version": .int(try row.read("version")), "type": .string(event.type), "timestamp": try row.read("at", as: Timestamp.self).json,
            "orgId": .string(try row.read("org_id", as: String?.self) ?? "default-org"), "event": event.described,
        ]
    }
}
