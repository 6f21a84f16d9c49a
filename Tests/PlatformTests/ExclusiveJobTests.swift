import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

@Suite struct ExclusiveJobTests {
    /// Counts how many run at once.
    final class Work: Sendable {
        private let state = Mutex((running: Set<String>(), maxRunning: 0, starts: [String]()))
        var running: Set<String> { state.withLock { $0.running } }
        var maxRunning: Int { state.withLock { $0.maxRunning } }
        var starts: [String] { state.withLock { $0.starts } }

        func job(_ holder: String) -> Job {
            Job("work", isExclusive: true) { [self] in
                state.withLock { state in
                    state.running.insert(holder)
                    state.starts.append(holder)
                    state.maxRunning = max(state.maxRunning, state.running.count)
                }
                defer { state.withLock { _ = $0.running.remove(holder) } }
                try await Task.sleep(for: .seconds(600))
            }
        }
    }

    func run(_ holder: String, _ stage: Stage, _ work: Work, _ state: LeaseState) -> Task<Void, any Error> {
        let exclusive = ExclusiveJob(
            work.job(holder), store: stage.beta, holder: holder, state: state, log: Log { _, _, _ in }, clock: Stage.clock)
        return Task { try await exclusive.run() }
    }

    @Test(.everyDatabase) func `one holder works, and another goes on when it stops`() async throws {
        let stage = try await Stage(TestDatabase.current), work = Work(), first = LeaseState(), second = LeaseState()
        let one = run("one", stage, work, first)
        #expect(try await eventually { first.state == .holding && work.running == ["one"] })
        let two = run("two", stage, work, second)
        #expect(try await eventually { second.state == .standby })
        one.cancel()
        #expect(try await eventually { second.state == .holding && work.running == ["two"] })
        two.cancel()
        _ = await (one.result, two.result)
        #expect(work.maxRunning == 1)
    }

    @Test(.everyDatabase) func `a holder whose lease was taken stops`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), work = Work(), state = LeaseState()
        let one = run("one", stage, work, state)
        #expect(try await eventually { state.state == .holding })
        let forever = Stage.clock() + .seconds(36_000_000)
        _ = try await database.transact(["UPDATE beta.checkpoints SET token = token + 1, holder = 'thief', until = \(forever)"])
        #expect(try await eventually { state.state == .standby && work.running.isEmpty })
        one.cancel()
        _ = await one.result
        #expect(work.starts == ["one"])
    }

    @Test(.everyDatabase) func `a holder that starts again need not wait for its own lease`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), work = Work(), state = LeaseState()
        let forever = Stage.clock() + .seconds(36_000_000)
        _ = try await database.transact([
            """
            INSERT INTO beta.checkpoints (subscription, source, part, epoch, transaction_id, position, holder, token, until)
            VALUES ('work', '', 0, 0, 0, 0, 'one', 7, \(forever))
            """
        ])
        let one = run("one", stage, work, state)
        #expect(try await eventually(within: .seconds(2)) { state.state == .holding })
        one.cancel()
        _ = await one.result
    }
}

/// A database whose writes hang from some moment on, as those to a server that packets do not reach any more.
private final class Hanging: Database {
    private let real: any Database
    private let hangs = Mutex(false)
    init(_ real: any Database) { self.real = real }
    func hang(_ isHanging: Bool) { hangs.withLock { $0 = isHanging } }

    var dialect: Dialect { real.dialect }
    var reconnections: Int { real.reconnections }
    func read(_ queries: [SQL]) async throws -> [Rows] { try await real.read(queries) }
    func transact(_ statements: [SQL]) async throws -> [Rows] {
        // Blocking C calls do not hear of a cancellation.
        while hangs.withLock({ $0 }) { await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value }
        return try await real.transact(statements)
    }
    func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
        try await real.transaction(body)
    }
    func close() async {}
}

@Suite struct HangingRenewalTests {
    @Test(.sqlite) func `a holder whose renewal hangs stops before its lease is another's`() async throws {
        let hanging = Hanging(TestDatabase.current), stage = try await Stage(hanging), work = ExclusiveJobTests.Work(), state = LeaseState()
        let one = ExclusiveJobTests().run("one", stage, work, state)
        #expect(try await eventually { state.state == .holding })
        hanging.hang(true)
        #expect(try await eventually { state.state == .standby && work.running.isEmpty })
        hanging.hang(false)
        one.cancel()
        _ = await one.result
    }
}

@Suite struct RetentionTests {
    @Test(.everyDatabase) func `an outbox lets go of what is old and read by all`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        let partitions = OutboxPartitions(schema: "alpha", readers: ["alpha", "beta"], database: database)
        let past = Stage.clock() - .seconds(200 * 86_400)
        try await partitions.extend(at: past)
        try await partitions.extend(at: Stage.clock())
        func count(_ id: String, at moment: Timestamp) async throws {
            let counter = try await stage.alpha.port.load(Counter.self, id)
            try await stage.alpha.port.commit(
                Commit([try Append([.counted(by: 1)], to: counter, at: moment)], trace: Trace(correlation: "", causation: nil)))
        }
        try await count("old", at: past)
        try await count("new", at: Stage.clock())
        func rows() async throws -> Int64? {
            try await database.read("SELECT COUNT(*) AS n FROM alpha.outbox").first?.find("n", as: Int64.self)
        }
        #expect(try await partitions.drop(at: Stage.clock()).isEmpty, "nobody has read it")
        #expect(try await rows() == 2)
        #expect(try await stage.listening(stage.subscriptions()) { try await stage.heard().count == 2 })
        let dropped = try await partitions.drop(at: Stage.clock())
        #expect(!dropped.isEmpty)
        #expect(try await rows() == 1)
        try await count("new", at: Stage.clock())
        #expect(try await stage.listening(stage.subscriptions()) { try await stage.heard().count == 3 })
    }
}
