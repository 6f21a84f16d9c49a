public import Application
public import Database
public import Kernel

/// Starts, resumes, terminates and lists the workflow runs of a module.
public struct WorkflowRepository: Sendable {
    let schema: String
    let database: any Database
    let clock: @Sendable () -> Timestamp

    public init(schema: String, database: any Database, clock: @escaping @Sendable () -> Timestamp) {
        self.schema = schema
        self.database = database
        self.clock = clock
    }

    /// The statement that starts a run.
    public var start: @Sendable (WorkflowStart) -> SQL { { [schema, clock] in WorkflowRows.insert($0, into: schema, at: clock()) } }

    /// The statement that ends a run's sleep, including one that is about to begin.
    public var resume: @Sendable (WorkflowID) -> SQL { { [schema, clock] in WorkflowRows.resume($0, in: schema, at: clock()) } }

    /// Returns one run with its progress, or nil when this module has no such run.
    public func find(_ run: WorkflowID) async throws -> JSON? {
        let rows = try await database.read([
            "SELECT * FROM \(trusted: schema).workflow_runs WHERE run = \(run)", WorkflowRows.steps(of: run, in: schema),
        ])
        return try rows[0].rows.first.map { try WorkflowRows.describe($0, rows[1].rows) }
    }

    /// Returns the newest runs, without their steps.
    public func list(status: String?, limit: Int) async throws -> [JSON] {
        let all: SQL = "SELECT * FROM \(trusted: schema).workflow_runs ORDER BY created_at DESC, run DESC LIMIT \(limit)"
        let some = status.map {
            "SELECT * FROM \(trusted: schema).workflow_runs WHERE status = \($0) ORDER BY created_at DESC, run DESC LIMIT \(limit)" as SQL
        }
        return try await database.read(some ?? all).map { try WorkflowRows.describe($0, []) }
    }

    /// Terminates a run unless it has ended. The process that executes it notices at its next write.
    public func terminate(_ run: WorkflowID) async throws {
        _ = try await database.transact([
            """
            UPDATE \(trusted: schema).workflow_runs SET status = 'terminated', token = token + 1, lease_until = 0, updated_at = \(clock())
            WHERE run = \(run) AND status IN ('queued', 'running')
            """
        ])
    }
}
