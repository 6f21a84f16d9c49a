import Application
import Database
import Kernel
import Synchronization

/// A workflow run claimed by this process. Its writes are rejected once another process has claimed the run or it was terminated.
struct ClaimedRun: Sendable {
    let id: WorkflowID
    let name: String
    let parameters: JSON
    private let token: Int64
    /// How often the run had been resumed when it was claimed.
    private let resumptions: Int64
    private let schema: String
    private let database: any Database
    /// The database's clock as an SQL expression.
    private let now: String
    private let clock: @Sendable () -> Timestamp
    private let crashes: CrashPoints

    /// How long a claim lasts, in milliseconds, and how often it is renewed.
    static let lease = 6_000
    private static let interval = Duration.seconds(2)
    /// Longer sleeps end the attempt.
    private static let shortSleep = Duration.seconds(3)

    /// The run sleeps until this time.
    struct Pause: Error { let until: Timestamp }
    /// The run is no longer claimed by this process.
    struct Lost: Error {}

    init(_ row: Row, schema: String, database: any Database, now: String, services: Services) throws(RowDecodingError) {
        id = try row.read("run")
        name = try row.read("name")
        token = try row.read("token")
        resumptions = try row.read("wakes")
        parameters = try row.read("parameters")
        self.schema = schema
        self.database = database
        self.now = now
        clock = services.clock
        crashes = services.crashes
    }

    /// Runs a body with the steps of the run and renews the claim meanwhile; a lost claim cancels the body.
    func holding(_ body: @escaping @Sendable (Steps) async throws -> JSON) async throws -> JSON {
        let recorded = try await database.read(WorkflowRows.steps(of: id, in: schema))
        var results: [String: JSON] = [:]
        for step in recorded { results[try step.read("name")] = try step.read("result") }
        let known = Mutex(results)
        let steps = Steps(
            run: id,
            record: { name, body in
                if let result = known.withLock({ $0[name] }) { return result }
                crashes.reach(.beforeStep, in: name)
                let result = try await body()
                try await record(name, result, place: known.withLock { $0.count })
                crashes.reach(.afterStep, in: name)
                known.withLock { $0[name] = result }
                return result
            },
            wait: { try await wait(until: $0) }, clock: clock)
        return try await withThrowingTaskGroup(of: JSON.self) { group in
            group.addTask { try await body(steps) }
            group.addTask { try await renew() }
            defer { group.cancelAll() }
            return try await group.next() ?? .null
        }
    }

    private func wait(until moment: Timestamp) async throws {
        let left = moment.since(clock())
        guard left > .zero else { return }
        guard left <= Self.shortSleep else { throw Pause(until: moment) }
        try await Task.sleep(for: left)
    }

    private func renew() async throws -> JSON {
        while true {
            try await Task.sleep(for: Self.interval)
            try await write("lease_until = \(now) + \(Self.lease)")
        }
    }

    /// Records the step and renews the claim in one transaction.
    private func record(_ name: String, _ result: JSON, place: Int) async throws {
        try await write(
            "attempts = 0, error = NULL, lease_until = \(now) + \(Self.lease)",
            and: [
                """
                INSERT INTO \(trusted: schema).workflow_steps (run, name, place, result, at) VALUES (\(id), \(name), \(place), \
                \(result), \(clock()))
                ON CONFLICT (run, name) DO NOTHING
                """
            ])
    }

    func attempts() async throws -> Int {
        Int(
            try await database.read("SELECT attempts FROM \(trusted: schema).workflow_runs WHERE run = \(id)").first?.find(
                "attempts", as: Int64.self) ?? 0)
    }

    /// Ends the attempt and postpones the run until a moment, or not at all when it was resumed meanwhile.
    func put(off moment: Timestamp, attempts: Int? = nil, error: String? = nil) async throws {
        try await update(
            """
            UPDATE \(trusted: schema).workflow_runs SET wake_at = CASE WHEN wakes = \(resumptions) THEN CAST(\(moment) AS BIGINT) \
            ELSE wake_at END, lease_until = 0, attempts = COALESCE(CAST(\(optional: attempts) AS BIGINT), attempts),
                error = CAST(\(optional: error) AS TEXT), updated_at = \(clock())
            WHERE run = \(id) AND token = \(token) AND status = 'running'
            """)
    }

    func end(_ status: String, result: JSON?, error: String?) async throws {
        try await update(
            """
            UPDATE \(trusted: schema).workflow_runs SET status = \(status), result = \(optional: result), \
            error = \(optional: error), lease_until = 0, updated_at = \(clock())
            WHERE run = \(id) AND token = \(token) AND status = 'running'
            """)
    }

    private func write(_ change: String, and rows: [SQL] = []) async throws {
        try await update(
            """
            UPDATE \(trusted: schema).workflow_runs SET \(trusted: change), updated_at = \(clock()) WHERE run = \(id) \
            AND token = \(token) AND status = 'running'
            """,
            and: rows)
    }

    private func update(_ statement: SQL, and rows: [SQL] = []) async throws {
        do { _ = try await database.transact([statement.required] + rows) } catch DatabaseError.unaffected { throw Lost() }
    }
}
