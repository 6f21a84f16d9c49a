import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

@Suite struct SubscriptionTests {
    @Test(.everyDatabase) func `a subscriber hears every event once and in order`() async throws {
        let stage = try await Stage(TestDatabase.current)
        for number in 0..<30 { try await stage.count("\(number % 3)") }
        #expect(try await stage.listening(stage.subscriptions()) { try await stage.heard().count == 30 })
        for stream in 0..<3 {
            let versions = try await stage.heard().filter { try $0.read("stream", as: String.self) == "counter-\(stream)" }.map {
                try $0.read("version", as: Int64.self)
            }
            #expect(versions == Array(1...10))
        }
    }

    @Test(.everyDatabase) func `parts of a subscription divide the streams`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        for number in 0..<40 { try await stage.count("\(number)") }
        let reaction = Reaction("listener", from: ["alpha"], partitions: 4, react: Stage.listener.react)
        #expect(try await stage.listening(stage.subscriptions(reaction)) { try await stage.heard().count == 40 })
        #expect(
            try await database.read("SELECT COUNT(*) AS n FROM beta.checkpoints WHERE position > 0").first?.find("n", as: Int64.self)
                == 4)
    }

    @Test(.everyDatabase) func `a stream that fails is parked, the others go on`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        for _ in 0..<3 { for id in ["good", "bad"] { try await stage.count(id) } }
        struct Poison: Error {}
        let attempts = Mutex(0)
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            if envelope.stream.id == "bad" {
                attempts.withLock { $0 += 1 }
                throw Poison()
            }
            return try await Stage.listener.react(envelope)
        }
        let held = try await stage.listening(stage.subscriptions(reaction)) {
            let parked = try await database.read("SELECT envelope FROM beta.dead_letters").count, heard = try await stage.heard().count
            return parked == 3 && heard == 3
        }
        #expect(held)
        let letters = try await database.read("SELECT * FROM beta.dead_letters ORDER BY error")
        #expect(try letters.allSatisfy { try $0.read("id", as: String.self) == "bad" })
        #expect(try letters.filter { try $0.read("error", as: String.self).contains("Poison") }.count == 1)
    }

    @Test(.everyDatabase) func `a failure that passes parks nothing`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.count("1")
        let failures = Mutex(0)
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            let count = failures.withLock { count in
                count += 1
                return count
            }
            if count < 6 { throw RequestError.unavailable("away", retryAfter: nil) }
            return try await Stage.listener.react(envelope)
        }
        #expect(try await stage.listening(stage.subscriptions(reaction)) { try await stage.heard().count == 1 })
        #expect(try await database.read("SELECT envelope FROM beta.dead_letters").isEmpty)
    }

    @Test(.everyDatabase) func `another writer who is faster parks nothing`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), looks = Mutex(0)
        try await stage.count("1")
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            let counter = try await stage.beta.port.load(Counter.self, "busy"), now = Stage.clock()
            let look = looks.withLock { looks in
                looks += 1
                return looks
            }
            if look <= 10 {
                try await stage.beta.port.commit(
                    Commit([try Append([.counted(by: 1)], to: counter, at: now)], trace: Trace(correlation: "", causation: nil)))
            }
            return Changes(appends: [try Append([.counted(by: 100)], to: counter, at: now)])
        }
        let isDone = try await stage.listening(stage.subscriptions(reaction)) {
            try await stage.beta.port.load(Counter.self, "busy").state.total == 110
        }
        #expect(isDone)
        #expect(try await database.read("SELECT envelope FROM beta.dead_letters").isEmpty)
    }

    @Test(.everyDatabase) func `a parked stream goes on when its letters are deleted, and the others are not held up`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), isCured = Mutex(false)
        struct Poison: Error {}
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            if envelope.stream.id == "bad", !isCured.withLock({ $0 }) { throw Poison() }
            return try await Stage.listener.react(envelope)
        }
        let tasks = stage.subscriptions(reaction).map { subscription in Task { await subscription.run() } }
        try await stage.count("bad")
        #expect(try await eventually { try await !database.read("SELECT envelope FROM beta.dead_letters").isEmpty })
        isCured.withLock { $0 = true }
        try await stage.count("bad")
        #expect(try await eventually { try await database.read("SELECT envelope FROM beta.dead_letters").count == 2 })
        _ = try await database.transact(["DELETE FROM beta.dead_letters"])
        let goesOn = try await eventually {
            try await stage.count("bad")
            return try await !stage.heard().isEmpty
        }
        #expect(goesOn)
        for task in tasks { task.cancel(); await task.value }
    }

    @Test(.everyDatabase) func `parked messages that are tried again lose no fact and no order`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), isCured = Mutex(false), parked = ParkedMessages(schema: "beta", database: database)
        struct Poison: Error {}
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            if envelope.stream.id == "bad", !isCured.withLock({ $0 }) { throw Poison() }
            return try await Stage.listener.react(envelope)
        }
        let tasks = stage.subscriptions(reaction).map { subscription in Task { await subscription.run() } }
        for _ in 0..<3 { try await stage.count("bad") }
        #expect(try await eventually { try await parked.streams().first?.waiting == 2 })
        #expect(try await parked.streams()[0].error.contains("Poison"))
        // Tried again too early: all of it stays.
        #expect(try await parked.retry("listener") == 3)
        #expect(try await eventually { try await parked.streams().first?.isToBeRetried == false })
        #expect(try await parked.streams()[0].waiting == 2)
        isCured.withLock { $0 = true }
        // One that was parked behind them when they were already to be tried goes with them.
        let head = "SELECT MIN(position) FROM beta.dead_letters" as SQL
        _ = try await database.transact(["UPDATE beta.dead_letters SET retry = TRUE WHERE position = (\(fragment: head))"])
        try await stage.count("bad")
        #expect(try await eventually { try await stage.heard().count == 4 })
        #expect(try await stage.heard().map { try $0.read("version", as: Int64.self) } == [1, 2, 3, 4])
        #expect(try await parked.streams().isEmpty)
        for task in tasks { task.cancel(); await task.value }
    }

    @Test(.everyDatabase) func `a stream goes on behind the message that is given up`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), parked = ParkedMessages(schema: "beta", database: database)
        struct Poison: Error {}
        let reaction = Reaction("listener", from: ["alpha"]) { envelope in
            if envelope.version == 1 { throw Poison() }
            return try await Stage.listener.react(envelope)
        }
        let tasks = stage.subscriptions(reaction).map { subscription in Task { await subscription.run() } }
        for _ in 0..<3 { try await stage.count("bad") }
        #expect(try await eventually { try await parked.streams().first?.waiting == 2 })
        let first = try await database.read("SELECT envelope FROM beta.dead_letters ORDER BY epoch, transaction_id, position LIMIT 1")
            .first?.find("envelope", as: String.self)
        #expect(try await parked.drop("listener", try #require(first)))
        #expect(try await eventually { try await stage.heard().map { try $0.read("version", as: Int64.self) } == [2, 3] })
        #expect(try await parked.streams().isEmpty)
        for task in tasks { task.cancel(); await task.value }
    }

    @Test(.everyDatabase) func `a former holder's late write is refused`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.count("1")
        let isOut = Mutex(false)
        let slow = Reaction("listener", from: ["alpha"]) { envelope in
            // While this holder works, its lease runs out and another takes it.
            if !isOut.withLock({ $0 }) {
                _ = try await database.transact(["UPDATE beta.checkpoints SET token = token + 1, holder = 'thief', until = 0"])
                isOut.withLock { $0 = true }
            }
            return try await Stage.listener.react(envelope)
        }
        #expect(try await stage.listening(stage.subscriptions(slow)) { try await stage.heard().count == 1 })
        #expect(try await stage.heard().count == 1)
    }
}

/// The proofs that need a server.
@Suite(.enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server")) struct CursorProofs {
    /// Sixteen writers, a fifth of whose transactions roll back, and one that sleeps inside its transaction after it has drawn a position.
    static func write(_ stage: Stage, sleep: Double) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                let counter = try await stage.alpha.port.load(Counter.self, "sleeper")
                let append = try Append([Counter.Event.counted(by: 1)], to: counter, at: Stage.clock())
                let pause: SQL = "SELECT pg_sleep(\(sleep))"
                try await stage.alpha.port.commit(Commit([append], rows: [pause], trace: Trace(correlation: "", causation: nil)))
            }
            // The others begin once it sleeps, so that their positions come after its own.
            let isAsleep = try await eventually {
                try await stage.database.read(
                    """
                    SELECT 1 AS x FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' \
                    AND wait_event = 'PgSleep'
                    """
                ).count == 1
            }
            #expect(isAsleep)
            for writer in 0..<16 {
                group.addTask {
                    let store = stage.anotherAlpha().port
                    for number in 0..<25 {
                        let counter = try await store.load(Counter.self, "w\(writer)")
                        let append = try Append([Counter.Event.counted(by: 1)], to: counter, at: Stage.clock())
                        let isBroken = number % 5 == 4
                        let rows: [SQL] = isBroken ? ["SELECT 1 / (\(0))"] : []
                        do { try await store.commit(Commit([append], rows: rows, trace: Trace(correlation: "", causation: nil))) } catch {
                            if !isBroken { throw error }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static let written = 16 * 20 + 1

    @Test(.postgres(connections: 20)) func `with a transaction that sleeps, every committed event is heard once and in order`() async throws
    {
        let stage = try await Stage(TestDatabase.current)
        async let writing: Void = Self.write(stage, sleep: 5)
        let held = try await stage.listening(stage.subscriptions()) { try await stage.heard().count >= Self.written }
        try await writing
        #expect(held)
        let heard = try await stage.heard()
        #expect(try heard.count == Self.written && Set(heard.map { try $0.read("envelope", as: String.self) }).count == Self.written)
        for writer in 0..<16 {
            let own = try heard.filter { try $0.read("stream", as: String.self) == "counter-w\(writer)" }
            #expect(try own.map { try $0.read("version", as: Int64.self) } == Array(1...20))
        }
    }

    /// The control: the same writers, read by position alone. It must lose the sleeper, or the proof above proves nothing.
    @Test(.postgres(connections: 20)) func `a cursor on the sequence alone loses events`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        let isWriting = Mutex(true), seen = Mutex(Set<String>())
        let reading = Task {
            var position: Int64 = 0
            while isWriting.withLock({ $0 }) {
                let rows = try await database.read(
                    "SELECT position, envelope FROM alpha.outbox WHERE position > \(position) ORDER BY position LIMIT 400")
                for row in rows {
                    position = try row.read("position")
                    let envelope: String = try row.read("envelope")
                    seen.withLock { _ = $0.insert(envelope) }
                }
                if rows.isEmpty { await Task.yield() }
            }
        }
        try await Self.write(stage, sleep: 2)
        isWriting.withLock { $0 = false }
        try await reading.value
        #expect(try await database.read("SELECT envelope FROM alpha.outbox").count == Self.written)
        #expect(seen.withLock { $0.count } < Self.written)
    }

    @Test(.postgres) func `a restored dump opens a new epoch and loses nothing`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        for _ in 0..<5 { try await stage.count("1") }
        #expect(try await stage.listening(stage.subscriptions()) { try await stage.heard().count == 5 })
        try await stage.count("1")
        // In a restored cluster transaction ids begin anew: what is written now has lower ids than the checkpoint.
        _ = try await database.transact([
            "UPDATE platform.epochs SET cluster = 'the old one'",
            "UPDATE alpha.outbox SET transaction_id = transaction_id + 1000000",
            "UPDATE beta.checkpoints SET transaction_id = transaction_id + 1000000",
        ])
        let restored = try await Stage(database)
        try await restored.count("1")
        #expect(try await restored.listening(restored.subscriptions(holder: "two")) { try await restored.heard().count == 7 })
        #expect(try await restored.heard().map { try $0.read("version", as: Int64.self) } == Array(1...7))
        #expect(try await Epochs.current(of: database) == 2)
    }
}
