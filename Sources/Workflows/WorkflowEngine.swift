public import Application
public import Database
import Kernel
import Synchronization

/// Executes the workflow runs of a module. A run is claimed under a lease; if its process dies, another continues from the last recorded
/// step.
public struct WorkflowEngine: Sendable {
    private let schema: String
    private let database: any Database
    private let services: Services
    private let workflows: [String: AnyWorkflow]
    private let holder: String

    /// Polling interval, and how many runs execute concurrently.
    private static let poll = Duration.milliseconds(200), limit = 16
    private static let attempts = 12

    /// - Parameter holder: unique among all processes, and stable across restarts.
    public init(_ workflows: [AnyWorkflow], schema: String, database: any Database, services: Services, holder: String) {
        self.schema = schema
        self.database = database
        self.services = services
        self.holder = holder
        self.workflows = Dictionary(workflows.map { ($0.name, $0) }) { first, _ in first }
    }

    public var job: Job {
        Job("\(schema)-workflows") {
            let load = Load()
            try await giveUpClaimsOfBefore()
            try await withThrowingDiscardingTaskGroup { group in
                while true {
                    let room = Self.limit - load.count.withLock { $0 }
                    for run in room > 0 ? try await claim(room) : [] {
                        load.count.withLock { $0 += 1 }
                        group.addTask {
                            await carryOut(run)
                            load.count.withLock { $0 -= 1 }
                        }
                    }
                    try await Task.sleep(for: Self.poll)
                }
            }
        }
    }

    /// Releases the claims that this holder had before a restart, so that the runs need not wait for their leases to expire.
    private func giveUpClaimsOfBefore() async throws {
        _ = try await database.transact([
            "UPDATE \(trusted: schema).workflow_runs SET lease_until = 0, token = token + 1 WHERE holder = \(holder) AND status = 'running'"
        ])
    }

    /// The number of runs in progress.
    private final class Load: Sendable { let count = Mutex(0) }

    private func claim(_ limit: Int) async throws -> [ClaimedRun] {
        let lock = database.dialect == .postgres ? "FOR UPDATE SKIP LOCKED" : ""
        let rows = try await database.transact([
            """
            UPDATE \(trusted: schema).workflow_runs SET status = 'running', holder = \(holder), token = token + 1, \
            lease_until = \(trusted: databaseNow) + \(ClaimedRun.lease)
            WHERE run IN (SELECT run FROM \(trusted: schema).workflow_runs
                WHERE status IN ('queued', 'running') AND wake_at <= \(services.clock()) AND lease_until < \(trusted: databaseNow)
                ORDER BY wake_at LIMIT \(limit) \(trusted: lock))
            RETURNING run, name, parameters, attempts, token, wakes
            """
        ])[0].rows
        var runs: [ClaimedRun] = []
        for row in rows {
            do { runs.append(try ClaimedRun(row, schema: schema, database: database, now: databaseNow, services: services)) } catch {
                try await endUnreadable(row, error)
            }
        }
        return runs
    }

    /// Ends a run that cannot be decoded; the runs claimed with it go on.
    private func endUnreadable(_ row: Row, _ error: RowDecodingError) async throws {
        let run = try row.read("run", as: String.self)
        services.log.error("A run of a workflow cannot be read", ["run": run, "error": "\(error)"])
        _ = try await database.transact([
            "UPDATE \(trusted: schema).workflow_runs SET status = 'errored', error = \(error.description) WHERE run = \(run)"
        ])
    }

    private var databaseNow: String { database.dialect.now(services.clock) }

    /// Runs one attempt: to the end, to a sleep, or to a failure that is retried.
    private func carryOut(_ run: ClaimedRun) async {
        do {
            guard let workflow = workflows[run.name] else {
                return try await run.end("errored", result: nil, error: "This build does not know the workflow.")
            }
            do {
                let result = try await run.holding { steps in try await workflow.run(run.parameters, steps, services) }
                try await run.end("complete", result: result, error: nil)
            } catch let pause as ClaimedRun.Pause {
                try await run.put(off: pause.until, attempts: 0)  // the run has made progress
            } catch let stop as WorkflowStop {
                try await run.end("errored", result: nil, error: stop.message)
            } catch is ClaimedRun.Lost {
                // Another process has claimed the run, or it was terminated.
            } catch is CancellationError {
                try await run.put(off: services.clock())
            } catch {
                try await fail(run, error)
            }
        } catch {
            // The lease expires and the run is claimed again.
            services.log.warning("A workflow run could not be recorded", ["run": run.id.text, "error": "\(error)"])
        }
    }

    private func fail(_ run: ClaimedRun, _ error: any Error) async throws {
        services.log.warning("A step of a workflow failed", ["run": run.id.text, "workflow": run.name, "error": "\(error)"])
        let attempts = try await run.attempts() + 1
        guard attempts < Self.attempts else { return try await run.end("errored", result: nil, error: "\(error)") }
        let pause = min(Duration.milliseconds(250) * (1 << min(attempts, 12)), .seconds(300))
        try await run.put(off: services.clock() + pause, attempts: attempts, error: "\(error)")
    }
}
