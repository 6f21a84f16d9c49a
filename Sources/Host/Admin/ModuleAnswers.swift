import Application
import Database
import EventStore
import Kernel
import Workflows

/// Asks a module whether it is ready.
struct AskReady: ModuleQuestion {
    static let name = "host.Ready"
    typealias Reply = Bool
}

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
}

/// Asks a module for one run of a workflow.
struct FindRun: ModuleQuestion {
    static let name = "host.WorkflowRun"
    let run: WorkflowID
    typealias Reply = JSON?
}

/// Asks a module for its newest runs of workflows.
struct FindRuns: ModuleQuestion {
    static let name = "host.WorkflowRuns"
    let status: String?
    let limit: Int
    typealias Reply = [JSON]
}

/// Tells a module to stop a run of a workflow.
struct TerminateRun: ModuleQuestion {
    static let name = "host.TerminateWorkflow"
    let run: WorkflowID
    /// The staff member who stops it, for the log.
    let by: String
    typealias Reply = JSON?
}

/// The handlers that every process provides for its own modules.
enum ModuleAnswers {
    /// Returns the modules that do not answer or are not ready, in words; nil when all are ready.
    static func unready(_ bus: Bus) async -> String? {
        let missing = await withTaskGroup(of: String?.self) { group in
            for module in Modules.all { group.addTask { await isReady(module.name, bus) ? nil : module.name } }
            return await group.reduce(into: [String]()) { if let name = $1 { $0.append(name) } }
        }
        return missing.isEmpty ? nil : "Not ready: \(missing.sorted().joined(separator: ", "))."
    }

    static func isReady(_ module: String, _ bus: Bus) async -> Bool {
        let trace = Trace(correlation: "readiness", causation: nil)
        return (try? await bus.ask(AskReady(), module: module, trace: trace, now: Clocks.wall(), timeout: .seconds(2))) == true
    }

    /// - Parameter isReady: returns whether everything the module needs besides the database is available.
    static func answers(
        _ module: Module, _ services: Services, _ store: ModuleStore, _ database: any Database, isReady: @escaping @Sendable () -> Bool
    ) -> [AskHandler] {
        let repository = WorkflowRepository(schema: module.name, database: database, clock: services.clock),
            hasWorkflows = !module.workflows.isEmpty
        return [
            AskHandler(AskReady.self, of: module.name) { _ in isReady() },
            AskHandler(FindEvents.self, of: module.name) { try await events($0, module.name, store, database) },
            AskHandler(FindRun.self, of: module.name) { hasWorkflows ? try await repository.find($0.run) : nil },
            AskHandler(FindRuns.self, of: module.name) {
                hasWorkflows ? try await repository.list(status: $0.status, limit: $0.limit) : []
            },
            AskHandler(TerminateRun.self, of: module.name) { question in
                guard hasWorkflows, try await repository.find(question.run) != nil else { return nil }
                services.log.notice("Staff stops a workflow", ["staff": question.by, "run": question.run.text])
                try await repository.terminate(question.run)
                return try await repository.find(question.run)
            },
        ]
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
