import Application
import Database
import Kernel
import KernelTesting
import MessageBus
import Synchronization
import Testing

/// A question of the tests: twice a number, or a refusal.
struct Doubled: Ask {
    static let name = "alpha.Doubled", module = "alpha"
    let number: Int
    struct Reply: Codable, Sendable { let number: Int }
}

/// A question of the tests that is as long as its answer.
struct Echo: Ask {
    static let name = "alpha.Echo", module = "alpha"
    let text: String
    struct Reply: Codable, Sendable { let text: String }
}

/// Something that a test switches on and off.
final class Switch: Sendable {
    private let value = Mutex(true)
    var isOn: Bool { value.withLock { $0 } }
    func set(on: Bool) { value.withLock { $0 = on } }
}

/// One process on a shared database.
final class AskingProcess: Sendable {
    let local = LocalAsks(clock: Stage.clock)
    let serving = Switch()
    private let remote: PostgresAsks
    private let database: PostgresDatabase
    private let listener: PostgresListener
    private let polling: Task<Void, any Error>

    init(_ address: String, _ name: String, modules: [String] = []) {
        let settings = PostgresSettings(conninfo: address), database = PostgresDatabase(settings, connections: 3)
        let remote = PostgresAsks(
            database: database, notifier: Notifier(database), local: local, modules: modules,
            role: { [serving] _ in serving.isOn ? .shared : .none },
            process: name,
            clock: Stage.clock)
        (self.database, self.remote) = (database, remote)
        listener = PostgresListener(settings, channels: remote.channels, isListening: remote.isListening) { remote.heard($0, $1) }
        polling = Task { try await remote.poll() }
    }

    func ask(_ number: Int, timeout: Duration = .seconds(20)) async throws -> Int {
        try await ask(Doubled(number: number), timeout: timeout).number
    }

    func ask<A: Ask>(_ question: A, timeout: Duration = .seconds(20)) async throws -> A.Reply {
        let context = AskContext(trace: Trace(correlation: "c", causation: "e"), deadline: Stage.clock() + timeout)
        return try await remote.send(A.name, A.module, try JSON(encoding: question), context).decoded()
    }

    /// Waits until an ask is in the table.
    func untilStored() async throws -> Bool {
        try await eventually { try await !database.read("SELECT id FROM platform.asks").isEmpty }
    }

    func stop() async {
        polling.cancel()
        listener.stop()
        await database.close()
    }
}

/// How one ask ends, in a process and between processes alike.
@Suite struct LocalAskTests {
    let asks = LocalAsks(clock: Stage.clock)

    func ask(_ number: Int, timeout: Duration = .seconds(20)) async throws -> Int {
        let context = AskContext(trace: Trace(correlation: "c", causation: nil), deadline: Stage.clock() + timeout)
        let reply: Doubled.Reply = try await asks.send(Doubled.name, try JSON(encoding: Doubled(number: number)), context).decoded()
        return reply.number
    }

    @Test func `a question is answered`() async throws {
        asks.register([
            AskHandler(Doubled.self) { question, context in
                Doubled.Reply(number: question.number * (context.trace.correlation == "c" ? 2 : 0))
            }
        ])
        #expect(try await ask(4) == 8)
    }

    @Test func `a refusal reaches the asker as it is, other errors as a failure`() async throws {
        asks.register([
            AskHandler(Doubled.self) { question, _ in
                guard question.number > 0 else { throw DecodingError.valueNotFound(Int.self, .init(codingPath: [], debugDescription: "")) }
                throw RequestError.refused(.conflict, code: "Odd", message: "no")
            }
        ])
        await #expect(throws: RequestError.refused(.conflict, code: "Odd", message: "no")) { try await ask(1) }
        do { _ = try await ask(0); Issue.record("an answer") } catch AskFailure.failed(let name, _) { #expect(name == Doubled.name) }
    }

    @Test func `a slow answer is not waited for, and neither is one that nobody gives`() async throws {
        asks.register([
            AskHandler(Doubled.self) { question, _ in
                try await Task.sleep(for: .seconds(60)); return Doubled.Reply(number: 0)
            }
        ])
        let started = ContinuousClock.now
        await #expect(throws: AskFailure.timedOut(name: Doubled.name)) { try await ask(1, timeout: .milliseconds(100)) }
        await #expect(throws: AskFailure.timedOut(name: Doubled.name)) { try await ask(1, timeout: .zero) }
        #expect(started.duration(to: .now) < .seconds(20))
    }
}

@Suite(.postgres(connections: 1), .enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server"))
struct RemoteAskTests {
    func with(_ body: (_ asker: AskingProcess, _ others: [AskingProcess]) async throws -> Void) async throws {
        let address = TestDatabase.address
        try await Migrator(TestDatabase.current).migrate(schema: "platform", [PostgresAsks.migration])
        let asker = AskingProcess(address, "asker"), others = ["one", "two"].map { AskingProcess(address, $0, modules: ["alpha"]) }
        do { try await body(asker, others) } catch {
            for process in [asker] + others { await process.stop() }
            throw error
        }
        for process in [asker] + others { await process.stop() }
    }

    @Test func `many questions to two processes are each answered once`() async throws {
        try await with { asker, others in
            let answered = Mutex([Int]())
            for process in others {
                process.local.register([
                    AskHandler(Doubled.self) { question, _ in
                        answered.withLock { $0.append(question.number) }
                        return Doubled.Reply(number: question.number * 2)
                    }
                ])
            }
            try await withThrowingTaskGroup { group in
                for number in 0..<60 {
                    group.addTask {
                        let answer = try await asker.ask(number)
                        #expect(answer == number * 2)
                    }
                }
                try await group.waitForAll()
            }
            #expect(answered.withLock { $0.sorted() } == Array(0..<60))
        }
    }

    @Test(arguments: [10, 20_000]) func `a question may be longer than a notice, and so may its answer`(length: Int) async throws {
        try await with { asker, others in
            let answered = Mutex(0)
            for process in others {
                process.local.register([
                    AskHandler(Echo.self) { question, context in
                        answered.withLock { $0 += context.trace.causation == "e" ? 1 : 0 }
                        return Echo.Reply(text: question.text + "!")
                    }
                ])
            }
            let text = String(repeating: "é", count: length)
            let answer = try await asker.ask(Echo(text: text), timeout: .seconds(20))
            #expect(answer.text == text + "!")
            #expect(answered.withLock { $0 } == 1)
        }
    }

    @Test func `an ask waits for a process that is only starting, and is answered once`() async throws {
        try await with { asker, others in
            let answered = Mutex(0)
            for process in others {
                process.serving.set(on: false)
                process.local.register([
                    AskHandler(Doubled.self) { question, _ in
                        answered.withLock { $0 += 1 }
                        return Doubled.Reply(number: question.number * 2)
                    }
                ])
            }
            async let answer = asker.ask(21, timeout: .seconds(30))
            let isStored = try await asker.untilStored()
            #expect(isStored)
            for process in others { process.serving.set(on: true) }
            let number = try await answer
            #expect(number == 42)
            #expect(answered.withLock { $0 } == 1)
        }
    }

    @Test func `refusals travel`() async throws {
        try await with { asker, others in
            for process in others {
                process.local.register([
                    AskHandler(Doubled.self) { _, _ in throw RequestError.refused(.forbidden, code: "X", message: "no") }
                ])
            }
            await #expect(throws: RequestError.refused(.forbidden, code: "X", message: "no")) { try await asker.ask(1) }
        }
    }

    @Test func `of several processes only the serving one is asked`() async throws {
        try await with { asker, others in
            for (number, process) in others.enumerated() {
                process.local.register([AskHandler(Doubled.self) { _, _ in Doubled.Reply(number: number) }])
            }
            for holder in [1, 0] {
                for (number, process) in others.enumerated() { process.serving.set(on: number == holder) }
                // What the other had begun to take when it was switched off is still its own.
                var inARow = 0
                for _ in 0..<60 where inARow < 10 { inARow = try await asker.ask(1) == holder ? inARow + 1 : 0 }
                #expect(inARow == 10)
            }
        }
    }

    @Test func `a module that is down costs its deadline`() async throws {
        try await with { asker, others in
            for process in others { process.serving.set(on: false) }
            let started = ContinuousClock.now
            await #expect(throws: AskFailure.timedOut(name: Doubled.name)) { try await asker.ask(1, timeout: .milliseconds(300)) }
            #expect(started.duration(to: .now) < .seconds(3))
        }
    }
}
