import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

import enum Host.Clocks

/// While a process is the only one that may write, it asks for nothing it knows; whoever comes is waited for by nobody's door.
@Suite(.enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server")) struct SoleMembershipTests {
    /// Counts what is read, and holds reads back.
    private final class Observed: Database {
        let base: PostgresDatabase
        private let state = Mutex((reads: 0, gate: Gate?.none))
        init(_ base: PostgresDatabase) { self.base = base }

        var dialect: Dialect { base.dialect }
        var reconnections: Int { base.reconnections }
        var reads: Int { state.withLock { $0.reads } }
        func hold(behind gate: Gate?) { state.withLock { $0.gate = gate } }

        func read(_ queries: [SQL]) async throws -> [Rows] {
            let gate = state.withLock { state in
                state.reads += 1
                return state.gate
            }
            let rows = try await base.read(queries)
            await gate?.pass()
            return rows
        }
        func transact(_ statements: [SQL]) async throws -> [Rows] { try await base.transact(statements) }
        func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
            try await base.transaction(body)
        }
        func close() async { await base.close() }
    }

    /// What has come to it waits until it is opened.
    private final class Gate: Sendable {
        private let arrived = AsyncStream.makeStream(of: Void.self), opened = AsyncStream.makeStream(of: Void.self)
        func pass() async {
            arrived.continuation.finish()
            for await _ in opened.stream {}
        }
        func arrival() async { for await _ in arrived.stream {} }
        func open() { opened.continuation.finish() }
    }

    /// A process of the module alpha.
    private final class Process: Sendable {
        let observed: Observed
        let membership: SoleMembership
        let store: Store
        private let listener: PostgresListener

        /// - Parameter looks: whether it looks who is there when somebody comes.
        init(_ address: String, looks: Bool = true) {
            let process = WritingProcess(of: ["alpha", "platform"]), settings = PostgresSettings(conninfo: address, process: process)
            let base = PostgresDatabase(settings, connections: 2), membership = SoleMembership(process, base, uptime: Clocks.uptime)
            observed = Observed(base)
            self.membership = membership
            store = ModuleStore(schema: "alpha", database: WatchedDatabase(observed, membership), epoch: 0, membership: membership).port
            listener = PostgresListener(
                settings, channels: [WritingProcess.channel],
                isListening: { $0 ? membership.listenerIsConnected() : membership.listenerIsLost() }
            ) { _, _ in if looks { Task { await membership.look() } } }
        }

        func count(_ step: Int = 1) async throws {
            let counter = try await store.load(Counter.self, "1")
            try await store.commit([.counted(by: step)], to: counter, at: Stage.clock(), trace: Trace(correlation: "c", causation: nil))
        }
        var total: Int { get async throws { try await store.load(Counter.self, "1").state.total } }

        /// Whether a query of what was just loaded asks the database.
        func asks() async throws -> Bool {
            _ = try await total
            let before = observed.reads
            _ = try await total
            return observed.reads > before
        }
        func becomesSole() async throws -> Bool {
            try await eventually {
                await membership.look()
                return try await !asks()
            }
        }
        func stop() async {
            listener.stop()
            await observed.close()
        }
    }

    private func prepare() async throws -> String {
        _ = try await Stage(TestDatabase.current)
        try await Migrator(TestDatabase.current).migrate(schema: "platform", [WritingProcess.migration])
        return TestDatabase.address
    }

    @Test(.postgres) func `a process that is alone asks for a state once after each of its writes`() async throws {
        let one = Process(try await prepare())
        try await one.count()
        #expect(try await one.becomesSole())
        for expected in 2...5 {
            try await one.count()
            #expect(try await one.total == expected)
            #expect(try await !one.asks())
        }
        await one.stop()
    }

    @Test(.postgres) func `what a newcomer has written is seen by the very next query`() async throws {
        let address = try await prepare(), one = Process(address)
        try await one.count()
        for round in 2...20 {
            #expect(try await one.becomesSole())
            let other = Process(address)
            try await other.count()
            #expect(try await one.total == round)
            #expect(try await one.asks(), "it is no longer alone")
            await other.stop()
        }
        await one.stop()
    }

    @Test(.postgres) func `two that come at once are never both alone`() async throws {
        let address = try await prepare(), one = Process(address), two = Process(address)
        try await one.count()
        try await two.count()
        for _ in 1...20 {
            async let first: Void = one.membership.look()
            async let second: Void = two.membership.look()
            _ = await (first, second)
            let asking = try await [one.asks(), two.asks()]
            #expect(asking == [true, true])
        }
        await one.stop()
        #expect(try await two.becomesSole())
        await two.stop()
    }

    @Test(.postgres) func `a process that does not look is believed to be alone no longer than it believes it`() async throws {
        let address = try await prepare(), one = Process(address, looks: false)
        try await one.count()
        #expect(try await one.becomesSole())
        let other = Process(address)
        try await other.count()
        #expect(try await one.total == 2)
        await one.stop()
        await other.stop()
    }

    @Test(.postgres) func `a process that cannot hear of newcomers asks`() async throws {
        let address = try await prepare(), one = Process(address)
        try await one.count()
        #expect(try await one.becomesSole())
        _ = try await TestDatabase.current.read(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
            """)
        #expect(try await eventually { try await one.asks() })
        #expect(try await one.becomesSole(), "it hears again")
        await one.stop()
    }

    @Test(.postgres) func `what was read while the process wrote is asked for again`() async throws {
        let one = Process(try await prepare()), gate = Gate()
        try await one.count()
        #expect(try await one.becomesSole())
        try await one.count()
        one.observed.hold(behind: gate)
        async let early = one.total
        await gate.arrival()
        one.observed.hold(behind: nil)
        let write = Commit(
            [try Append([Counter.Event.counted(by: 1)], to: try await one.store.load(Counter.self, "1"), at: Stage.clock())],
            trace: Trace(correlation: "c", causation: nil))
        try await one.store.commit(write)
        gate.open()
        _ = try await early
        #expect(try await one.total == 3)
        await one.stop()
    }

    @Test(.postgres) func `a raised credentials epoch is known to the next query`() async throws {
        let one = Process(try await prepare())
        try await one.count()
        #expect(try await one.becomesSole())
        let known = try await one.store.load(Counter.self, "1").stateVersion
        let stream = Counter.stream("1"), before = try await one.store.state(stream, known).epoch
        _ = try await one.store.run([CredentialsEpoch.raise])
        #expect(try await one.store.state(stream, known).epoch == before + 1)
        await one.stop()
    }
}
