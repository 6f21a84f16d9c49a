import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

/// Commands decide on what their process remembers; nothing outdated takes effect.
@Suite struct RememberedStateTests {
    /// Counts up to a limit.
    private struct Count: Command {
        enum Refusal: DomainError {
            case full
            var kind: RefusalKind { .conflict }
            var message: String { "The limit is reached." }
        }
        let target: String
        let step: Int
        let limit: Int
        /// The totals on which it was decided.
        let seen: Seen
        var call: Call?
        static var createsAggregate: Bool { true }

        func effect(of events: [Counter.Event], on snapshot: Snapshot<Counter>, _: NoFacts, _ request: Request, _ services: Services)
            -> Effect
        {
            guard let call else { return .none }
            return .external(Call(isFenced: call.isFenced, total: snapshot.state.total, made: call.made))
        }

        func decide(_ state: Counter, _ facts: NoFacts, at now: Timestamp) throws(Refusal) -> [Counter.Event] {
            seen.note(state.total)
            guard state.total + step <= limit else { throw .full }
            return step == 0 ? [] : [.counted(by: step)]
        }
    }

    /// A call to somebody who takes effect at once, or only while the fence holds: then it refuses whoever comes from an old state.
    private struct Call: ExternalCall {
        let isFenced: Bool
        var total = 0
        /// The totals on which it was made.
        let made: Seen

        func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
            made.note(total)
            if total == 1 { throw RequestError.refused(.forbidden, code: nil, message: "It is another's.") }
            return .none
        }
    }

    private final class Seen: Sendable {
        private let totals = Mutex<[Int]>([])
        func note(_ total: Int) { totals.withLock { $0.append(total) } }
        var all: [Int] { totals.withLock { $0 } }
    }

    private func services(_ store: ModuleStore) -> Services {
        let fake = FakeServices().services("alpha")
        return Services(
            module: "alpha", store: store.port, bus: fake.bus, vault: fake.vault, directory: fake.directory, ports: fake.ports,
            settings: fake.settings, log: fake.log, clock: fake.clock)
    }

    private func request(_ epoch: Int64? = nil) -> Request {
        var request = Request(attempt: Attempt(now: Stage.clock()))
        request.credentialEpoch = epoch
        return request
    }

    /// A process that remembers a counter of 1, which another process has taken to 5 since, or by another step.
    private func prepare(step: Int = 4) async throws -> Services {
        let stage = try await Stage(TestDatabase.current), here = services(stage.alpha), there = services(stage.anotherAlpha())
        _ = try await here.execute(Count(target: "1", step: 1, limit: 9, seen: Seen()), for: request())
        _ = try await there.execute(Count(target: "1", step: step, limit: 9, seen: Seen()), for: request())
        return here
    }

    @Test(.everyDatabase) func `what is remembered is decided on without asking`() async throws {
        let here = services(try await Stage(TestDatabase.current).alpha), seen = Seen()
        for _ in 0..<3 { _ = try await here.execute(Count(target: "1", step: 1, limit: 9, seen: seen), for: request()) }
        #expect(seen.all == [0, 1, 2])
    }

    @Test(.everyDatabase) func `an outdated decision is made again`() async throws {
        let here = try await prepare()
        let seen = Seen(), result = try await here.execute(Count(target: "1", step: 2, limit: 9, seen: seen), for: request())
        #expect(result.version == 3 && result.state.total == 7 && seen.all == [1, 5])
    }

    @Test(.everyDatabase) func `what is now refused is refused`() async throws {
        let here = try await prepare()
        await #expect(throws: RequestError.refused(.conflict, code: nil, message: "The limit is reached.")) {
            _ = try await here.execute(Count(target: "1", step: 5, limit: 9, seen: Seen()), for: request())
        }
        let total = try await here.store.load(Counter.self, "1").state.total
        #expect(total == 5)
    }

    @Test(.everyDatabase) func `what is now allowed is done`() async throws {
        let here = try await prepare(step: -4)
        // On the 1 that is remembered this would be refused.
        _ = try await here.execute(Count(target: "1", step: 5, limit: 2, seen: Seen()), for: request())
        let total = try await here.store.load(Counter.self, "1").state.total
        #expect(total == 2)
    }

    @Test(.everyDatabase, arguments: [false, true])
    func `a call that no fence holds back is made on the stored state`(isFenced: Bool) async throws {
        let here = try await prepare()
        let made = Seen(), call = Call(isFenced: isFenced, made: made)
        let result = try await here.execute(Count(target: "1", step: 2, limit: 9, seen: Seen(), call: call), for: request())
        #expect(result.state.total == 7)
        // A refusal that an outdated state has met is not the answer.
        #expect(made.all == (isFenced ? [1, 5] : [5]))
    }

    @Test(.everyDatabase) func `a decision without events is one on the stored state`() async throws {
        let here = try await prepare()
        let result = try await here.execute(Count(target: "1", step: 0, limit: 9, seen: Seen()), for: request())
        #expect(result.version == 2 && result.state.total == 5)
    }

    @Test(.everyDatabase) func `credentials that were changed since end it`() async throws {
        let here = try await prepare()
        _ = try await here.store.load(Counter.self, "1")
        _ = try await TestDatabase.current.transact(["UPDATE platform.credentials_epoch SET epoch = 2"])
        await #expect(throws: StaleCredentials.self) {
            _ = try await here.execute(Count(target: "1", step: 1, limit: 9, seen: Seen()), for: request(1))
        }
        let total = try await here.store.load(Counter.self, "1").state.total
        #expect(total == 5)
        // Remembered under the new credentials: who was established under the old ones is not let through by it.
        await #expect(throws: StaleCredentials.self) {
            _ = try await here.execute(Count(target: "1", step: 1, limit: 9, seen: Seen()), for: request(1))
        }
        _ = try await here.execute(Count(target: "1", step: 1, limit: 9, seen: Seen()), for: request(2))
    }
}
