public import Application
public import Database
public import Kernel

/// Runs as staff see them, and as modules begin them.
public struct WorkflowRepository: Sendable {
    let schema: String
    let database: any Database
    let clock: @Sendable () -> Timestamp

    public init(schema: String, database: any Database, clock: @escaping @Sendable () -> Timestamp) {
        self.schema = schema
        self.database = database
        self.clock = clock
    }

    /// The statement that begins a run.
    public var start: @Sendable (WorkflowStart) -> SQL { { [schema, clock] in WorkflowRows.insert($0, into: schema, at: clock()) } }

    /// The statement that ends a run's sleep, also one that is only about to begin.
    public var resume: @Sendable (WorkflowID) -> SQL { { [schema, clock] in WorkflowRows.resume($0, in: schema, at: clock()) } }

    /// One run with its progress; nil when this module has none of that name.
    public func find(_ run: WorkflowID) async throws -> JSON? {
        let rows = try await database.read([
            "SELECT * FROM \(trusted: schema).workflow_runs WHERE run = \(run)", WorkflowRows.steps(of: run, in: schema),
        ])
        return try rows[0].rows.first.map { try WorkflowRows.describe($0, rows[1].rows) }
    }

    /// The newest runs, without their steps.
    public func list(status: String?, limit: Int) async throws -> [JSON] {
        let all: SQL = "SELECT * FROM \(trusted: schema).workflow_runs ORDER BY created_at DESC, run DESC LIMIT \(limit)"
        let some = status.map {
            "SELECT * FROM \(trusted: schema).workflow_runs WHERE status = \($0) ORDER BY created_at DESC, run DESC LIMIT \(limit)" as SQL
        }
        return try await database.read(some ?? all).map { try WorkflowRows.describe($0, []) }
    }

    /// Stops a run. One that has ended stays as it is; whoever carries it out notices at its next step.
    public func terminate(_ run: WorkflowID) async throws {
        _ = try await database.transact([
            """
            UPDATE \(trusted: schema).workflow_runs SET status = 'terminated', token = token + 1, lease_until = 0, updated_at = \(clock())
            WHERE run = \(run) AND status IN ('queued', 'running')
            """
        ])
    }
}
