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
        _ module: Module, _ services: Services, _ store: ModuleStore, _ database: any Database, reactions: [Reaction], archive: Archive,
        isReady: @escaping @Sendable () -> Bool
    ) -> [AskHandler] {
        let repository = WorkflowRepository(schema: module.name, database: database, clock: services.clock)
        return [
            FindAggregates.answer(module, database), FindState.answer(module, store, database),
            MendRows.answer(module, database, clock: services.clock), ListParts.answer(module, reactions),
            AggregateDeletion(module: module, services: services, database: database, archive: archive).answer,
            DeleteEverything.answer(module, services, database), FindDeadLetters.answer(module, database),
            DropDeadLetters.answer(module, services, database), StartResync.answer(module, services, database),
            BeginCanary.answer(module, services, database),
            AskHandler(AskReady.self, of: module.name) { _ in isReady() },
            FindEvents.answer(module, store, database),
            AskHandler(FindRun.self, of: module.name) { try await repository.find($0.run) },
            AskHandler(FindRuns.self, of: module.name) { try await repository.list(status: $0.status, limit: $0.limit) },
            AskHandler(TerminateRun.self, of: module.name) { question in
                guard try await repository.find(question.run) != nil else { return nil }
                services.log.notice("Staff stops a workflow", ["staff": question.by, "run": question.run.text])
                try await repository.terminate(question.run)
                return try await repository.find(question.run)
            },
        ]
    }
}
