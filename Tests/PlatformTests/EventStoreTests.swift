import Application
import Database
import EventStore
import HTTPEdge
import Kernel
import KernelTesting
import MessageBus
import Synchronization
import Testing

/// A counter: the smallest aggregate there is.
struct Counter: Aggregate {
    static let category = Category("counter", className: "CounterAggregate")
    enum Event: Sendable, Equatable { case counted(by: Int), named(String) }
    private(set) var total = 0
    private(set) var name = ""

    mutating func apply(_ event: Event) {
        switch event {
        case .counted(let step): total += step
        case .named(let name): self.name = name
        }
    }
    var organisation: OrgID? { "acme" }
    static func changesState(_ event: Event) -> Bool { event != .counted(by: 0) }
    static let events = EventRegistry(Events())
    struct Events: EventForms {
        let counted = EventForm<Counter>(
            "Counted", "", members: .init(.member("by")), make: Event.counted,
            take: { if case .counted(let step) = $0 { step } else { nil } })
        let named = EventForm<Counter>(
            "Named", "", members: .init(.member("name")), make: Event.named, take: { if case .named(let name) = $0 { name } else { nil } })
        func form(of event: Event) -> EventForm<Counter> {
            switch event {
            case .counted: counted
            case .named: named
            }
        }
    }
    static func claims(of event: Event, before: Counter) -> [Claim] {
        if case .named(let name) = event { [.take(kind: "name", value: name)] } else { [] }
    }
}

/// A schema `alpha` that publishes and a schema `beta` that listens.
struct Stage: Sendable {
    let database: any Database
    let alpha: ModuleStore
    let beta: ModuleStore
    let signals: OutboxSignals
    let checkpoints: Checkpoints
    private let epoch: Int
    private static let start = ContinuousClock.now
    static let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_755_680_400_000 + start.duration(to: .now).milliseconds) }

    init(_ database: any Database, epoch: Int? = nil) async throws {
        let migrator = Migrator(database)
        try await migrator.migrate(schema: "platform", [CredentialDirectory.migration, Epochs.migration, Fences.migration])
        for schema in ["alpha", "beta"] { try await migrator.migrate(schema: schema, Tables.migrations(for: schema)) }
        try await migrator.migrate(
            schema: "beta",
            [
                Tables.migration(for: "beta"),
                Migration(
                    "heard",
                    [
                        """
                        CREATE TABLE beta.heard (place {identity}, envelope TEXT NOT NULL UNIQUE, stream TEXT NOT NULL, \
                        version BIGINT NOT NULL)
                        """
                    ]),
            ])
        let signals = OutboxSignals(), number = if let epoch { epoch } else { try await Epochs.current(of: database) }
        self.database = database
        self.signals = signals
        checkpoints = Checkpoints(database)
        self.epoch = number
        alpha = ModuleStore(schema: "alpha", database: database, epoch: number) { signals.wake($0) }
        beta = ModuleStore(schema: "beta", database: database, epoch: number)
    }

    /// The publishing module as another process has it: what it commits is not gathered with what others commit.
    func anotherAlpha() -> ModuleStore {
        ModuleStore(schema: "alpha", database: database, epoch: epoch) { [signals] in signals.wake($0) }
    }

    func count(_ id: String, by step: Int = 1) async throws {
        let counter = try await alpha.port.load(Counter.self, id)
        try await alpha.port.commit(
            Commit([try Append([.counted(by: step)], to: counter, at: Stage.clock())], trace: Trace(correlation: "c", causation: nil)))
    }

    /// Writes down what it hears; the table refuses a second time.
    static let listener = Reaction("listener", from: ["alpha"]) { envelope in
        Changes(rows: [
            "INSERT INTO beta.heard (envelope, stream, version) VALUES (\(envelope.id), \("\(envelope.stream)"), \(envelope.version))"
        ])
    }

    func subscriptions(_ reaction: Reaction = listener, holder: String = "one") -> [Subscription] {
        Subscription.all(
            of: reaction, store: beta, holder: holder, signals: signals, checkpoints: checkpoints, log: Log { _, _, _ in },
            clock: Stage.clock)
    }

    func heard() async throws -> [Row] { try await database.read("SELECT envelope, stream, version FROM beta.heard ORDER BY place") }

    /// Runs subscriptions until the check holds, and stops them.
    func listening(_ subscriptions: [Subscription], until isDone: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        let tasks = subscriptions.map { subscription in Task { await subscription.run() } }
        let held = try await eventually(within: .seconds(20), isDone)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        return held
    }
}

@Suite struct EventStoreTests {
    @Test(.everyDatabase) func `events, state and claim become true together`() async throws {
        let stage = try await Stage(TestDatabase.current), store = stage.alpha.port
        try await stage.count("1", by: 2)
        try await stage.count("1", by: 3)
        let counter = try await store.load(Counter.self, "1")
        #expect(counter.version == 2 && counter.state.total == 5)
        #expect(try await store.history(counter.stream, 1, 10).map(\.wire.data) == [["by": 2], ["by": 3]])
        #expect(try await store.history(counter.stream, 2, 1).map(\.version) == [2])
    }

    @Test(.everyDatabase) func `a state that its event leaves as it is is not written again`() async throws {
        let stage = try await Stage(TestDatabase.current), store = stage.alpha.port
        #expect(try Append([.counted(by: 0)], to: try await store.load(Counter.self, "1"), at: Stage.clock()).state != nil)
        try await stage.count("1", by: 2)
        for store in [store, stage.anotherAlpha().port] {
            let append = try Append([.counted(by: 0)], to: try await store.load(Counter.self, "1"), at: Stage.clock())
            #expect(append.state == nil)
            try await store.commit(Commit([append], trace: Trace(correlation: "", causation: nil)))
        }
        let found = try await stage.anotherAlpha().port.load(Counter.self, "1")
        #expect(found.version == 3 && found.state.total == 2)
        try await stage.count("1", by: 3)
        #expect(try await stage.anotherAlpha().port.load(Counter.self, "1").state.total == 5)
    }

    @Test(.everyDatabase) func `whoever comes second is told, and nothing of it is stored`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), store = stage.alpha.port
        let empty = try await store.load(Counter.self, "1")
        try await stage.count("1")
        await #expect(throws: CommitFailure.versionConflict) {
            try await store.commit(
                Commit(
                    [try Append([.counted(by: 9), .counted(by: 9)], to: empty, at: Stage.clock())],
                    trace: Trace(correlation: "", causation: nil)))
        }
        #expect(try await store.load(Counter.self, "1").state.total == 1)
        #expect(try await database.read("SELECT COUNT(*) AS n FROM alpha.outbox").first?.find("n", as: Int64.self) == 1)
    }

    @Test(.everyDatabase) func `a claimed value has one holder`() async throws {
        let stage = try await Stage(TestDatabase.current), store = stage.alpha.port
        func name(_ id: String) async throws {
            let counter = try await store.load(Counter.self, id)
            try await store.commit(
                Commit([try Append([.named("x")], to: counter, at: Stage.clock())], trace: Trace(correlation: "", causation: nil)))
        }
        try await name("1")
        await #expect(throws: CommitFailure.claimTaken(kind: "name")) { try await name("2") }
        #expect(try await store.load(Counter.self, "2").version == 0)
    }

    @Test(.everyDatabase) func `a conflict in a group costs only its own command`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), store = stage.alpha.port
        let stale = try await store.load(Counter.self, "clash")
        try await stage.count("clash")
        let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    do {
                        if number == 30 {
                            try await store.commit(
                                Commit(
                                    [try Append([.counted(by: 1)], to: stale, at: Stage.clock())],
                                    trace: Trace(correlation: "", causation: nil)))
                        } else {
                            try await stage.count("n\(number)")
                        }
                        return true
                    } catch CommitFailure.versionConflict { return false }
                }
            }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.filter { !$0 }.count == 1)
        #expect(
            try await database.read("SELECT COUNT(*) AS n FROM alpha.aggregates WHERE id LIKE 'n%'").first?.find("n", as: Int64.self)
                == 59)
    }

    @Test(.everyDatabase) func `commands on one stream queue and all succeed`() async throws {
        let stage = try await Stage(TestDatabase.current), store = stage.alpha.port
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    let streamLock = try await store.lockStream(StreamName("counter", "1"))
                    defer { streamLock.release() }
                    try await stage.count("1")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.load(Counter.self, "1").state.total == 50)
    }

    @Test(.everyDatabase) func `a state of another shape is folded anew`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.count("1", by: 4)
        _ = try await database.transact(["UPDATE alpha.aggregates SET shape = 99, state = \("{}")"])
        #expect(try await stage.alpha.port.load(Counter.self, "1").state.total == 4)
    }

    @Test(.everyDatabase) func `an event of a newer build stops the load`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.count("1")
        _ = try await database.transact(["UPDATE alpha.events SET type = 'FromTheFuture'", "UPDATE alpha.aggregates SET shape = 99"])
        await #expect(throws: UnknownEvent.self) { try await stage.alpha.port.load(Counter.self, "1") }
    }

    @Test(.everyDatabase) func `the verifier finds what does not fit`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database),
            verifier = Verifier(schema: "alpha", aggregates: [AnyAggregate(Counter.self)], database: database)
        try await stage.count("1")
        try await stage.count("1")
        #expect(try await verifier.firstFault() == nil)
        _ = try await database.transact(["UPDATE alpha.aggregates SET state = \("{\"total\":7,\"name\":\"\"}")"])
        #expect(try await verifier.firstFault() == "alpha: counter-1: the state is not what its events make")
        _ = try await database.transact(["DELETE FROM alpha.events WHERE version = 1"])
        #expect(try await verifier.firstFault() == "alpha: counter-1: version 1 is missing")
        try await stage.count("2")
        _ = try await database.transact(["DELETE FROM alpha.aggregates WHERE id = '1'", "DELETE FROM alpha.events WHERE id = '1'"])
        _ = try await database.transact(["UPDATE alpha.events SET data = 'no JSON' "])
        let unreadable = "alpha: counter-2: column data cannot be read: it is a text of 7 bytes"
        #expect(try await verifier.firstFault() == unreadable)
    }
}
