import Database
import EventStore
import Kernel
import Workflows

/// What the host asks every module for on behalf of staff. Every process answers for its own modules; the names carry the module.
enum ModuleAnswers {
    static func eventsName(_ module: String) -> String { "\(module).host.StoredEvents" }
    static func runName(_ module: String) -> String { "\(module).host.WorkflowRun" }
    static func runsName(_ module: String) -> String { "\(module).host.WorkflowRuns" }
    static func terminateName(_ module: String) -> String { "\(module).host.TerminateWorkflow" }

    struct EventsQuestion: Codable, Sendable {
        let category: String
        let id: String
        let from: Int
        let to: Int?
        let type: String?
        let limit: Int
    }
    struct Run: Codable, Sendable { let run: WorkflowID }
    struct Runs: Codable, Sendable { let status: String?, limit: Int }

    static func readyName(_ module: String) -> String { "\(module).host.Ready" }

    /// The modules that do not answer, or are not ready, in words; nil when all are.
    static func unready(_ bus: Bus) async -> String? {
        let missing = await withTaskGroup(of: String?.self) { group in
            for module in Modules.all { group.addTask { await isReady(module.name, bus) ? nil : module.name } }
            return await group.reduce(into: [String]()) { if let name = $1 { $0.append(name) } }
        }
        return missing.isEmpty ? nil : "Not ready: \(missing.sorted().joined(separator: ", "))."
    }

    static func isReady(_ module: String, _ bus: Bus) async -> Bool {
        let reply = try? await bus.ask(
            readyName(module), of: module, .null, trace: Trace(correlation: "readiness", causation: nil), now: System.clock(), patience: .seconds(2))
        return reply == true
    }

    /// - Parameter isReady: whether what the module needs besides the database is there.
    static func answers(
        _ context: Context, _ services: Services, _ store: ModuleStore, _ database: any Database, isReady: @escaping @Sendable () -> Bool
    ) -> [Answering] {
        let desk = WorkflowDesk(schema: context.name, database: database, clock: services.clock), hasWorkflows = !context.workflows.isEmpty
        return [
            Answering(readyName(context.name)) { _ in .bool(isReady()) },
            Answering(eventsName(context.name)) { body in try await events(try body.decoded(), context.name, store, database) },
            Answering(runName(context.name)) { body in
                let run = try body.decoded(as: Run.self).run
                return hasWorkflows ? try await desk.find(run) ?? .null : .null
            },
            Answering(runsName(context.name)) { body in
                let question = try body.decoded(as: Runs.self)
                return .array(hasWorkflows ? try await desk.list(status: question.status, limit: question.limit) : [])
            },
            Answering(terminateName(context.name)) { body in
                let run = try body.decoded(as: Run.self).run
                guard hasWorkflows, try await desk.find(run) != nil else { return .null }
                try await desk.terminate(run)
                return try await desk.find(run) ?? .null
            },
        ]
    }

    private static func events(_ question: EventsQuestion, _ schema: String, _ store: ModuleStore, _ database: any Database) async throws -> JSON {
        let rows = try await database.read([
            """
            SELECT version, type, data, org_id, at FROM \(trusted: schema).events
            WHERE category = \(question.category) AND id = \(question.id) AND version >= \(question.from) AND version <= \(question.to ?? Int(Int32.max))
                AND (CAST(\(optional: question.type) AS TEXT) IS NULL OR type = \(optional: question.type))
            ORDER BY version LIMIT \(question.limit + 1)
            """,
            "SELECT version, changed_at FROM \(trusted: schema).aggregates WHERE category = \(question.category) AND id = \(question.id)",
        ])
        let found = rows[0].rows, shown = found.prefix(question.limit), last = shown.last?.int("version")
        let stream = StreamName(question.category, question.id)
        var events: [JSON] = []
        for row in shown { events.append(describe(row, try await store.opened(row.json("data") ?? .null, of: stream))) }
        return [
            "events": .array(events), "more": .bool(found.count > question.limit), "last": last.map(JSON.int) ?? .null,
            "version": .int(rows[1].rows.first?.int("version") ?? 0), "changedAt": rows[1].rows.first?.moment("changed_at")?.json ?? .null,
        ]
    }

    private static func describe(_ row: Row, _ data: JSON) -> JSON {
        let event = WireEvent(row.text("type") ?? "", data.members ?? [:])
        return [
            "version": .int(row.int("version") ?? 0), "type": .string(event.type), "timestamp": row.moment("at")?.json ?? .null,
            "orgId": .string(row.text("org_id") ?? "default-org"), "event": event.described,
        ]
    }
}
