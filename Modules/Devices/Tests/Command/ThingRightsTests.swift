import Database
import DevicesContracts
import EventStore
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// Commands that rest on a right, which may end while they wait.
@Suite struct ThingRightsTests {
    func prepare() async throws -> ThingStage { try await ThingStage(TestDatabase.current) }

    static func unlock(_ action: ActionID, _ right: JSON = "r", endsAt: Timestamp? = nil, fence: Fence? = nil) -> SendCommand {
        SendCommand(
            action: action, thing: "t", org: "acme", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30),
            premise: Premise(module: "access", about: ["lock:7", "user:ann"], question: right, endsAt: endsAt), fence: fence)
    }

    static func shown(_ stage: ThingStage) async throws -> JSON? {
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
        return stage.published("get/accepted").last?["state"]?["desired"]?["message_id"]
    }

    @Test(.everyDatabase) func `the end of a right withdraws what rests on it, and nothing else`() async throws {
        let stage = try await prepare()
        for (action, right) in [("a", "r"), ("b", "s")] as [(ActionID, JSON)] {
            #expect(try await stage.runner.send(Self.unlock(action, right), stage.context).outcome == .accepted)
        }
        stage.end("r")
        try await stage.runner.lookAgain(at: "lock:8", ThingStage.trace)
        #expect(try await stage.finished().isEmpty)
        try await stage.runner.lookAgain(at: "user:ann", ThingStage.trace)
        let ends = try await stage.finished()
        #expect(ends.map(\.action) == ["a"] && ends.map(\.outcome) == [.withdrawn])
        #expect(try await Self.shown(stage) == "b")
    }

    @Test(.everyDatabase) func `a look that cannot be taken fails, so that it is taken again`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        stage.end("r")
        stage.set(knowsRights: false)
        await #expect(throws: RequestError.self) { try await stage.runner.lookAgain(at: "lock:7", ThingStage.trace) }
        #expect(try await stage.finished().isEmpty)
    }

    @Test(.everyDatabase) func `what has waited is shown only while its right holds`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        stage.pass(.seconds(2))
        #expect(try await Self.shown(stage) == "a")
        // Nobody can say whether it holds: it is kept back, and not ended.
        stage.set(knowsRights: false)
        #expect(try await Self.shown(stage) == nil)
        stage.set(knowsRights: true)
        #expect(try await Self.shown(stage) == "a")
        stage.end("r")
        #expect(try await Self.shown(stage) == nil)
        #expect(try await stage.finished().map(\.outcome) == [.withdrawn])
    }

    @Test(.everyDatabase) func `what has waited is not offered on a new link without its right`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        stage.pass(.seconds(2))
        stage.end("r")
        let before = stage.offers.count
        try await stage.runner.offerUnanswered()
        #expect(stage.offers.count == before)
    }

    @Test(.everyDatabase) func `a command lives no longer than its right`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a", endsAt: ThingStage.start + .seconds(5)), stage.context)
        #expect(stage.offers.map(\.lifetime) == [.seconds(5)])
        stage.pass(.seconds(5))
        #expect(try await Self.shown(stage) == nil)
        #expect(
            try await stage.runner.send(Self.unlock("b", endsAt: ThingStage.start + .seconds(5)), stage.context).outcome == .outdated)
    }

    @Test(.everyDatabase) func `a command of unknown fate stays while it lives, as the same message`() async throws {
        let stage = try await prepare()
        stage.set(isLossy: true)
        let outcome = try await stage.runner.send(Self.unlock("a"), stage.context).outcome
        #expect(outcome == .unknown)
        stage.set(isLossy: false)
        #expect(try await Self.shown(stage) == "a")
        #expect(try await stage.runner.send(Self.unlock("a"), stage.context).outcome == .accepted)
        #expect(stage.published("update/delta").map { $0["state"]?["message_id"] } == ["a", "a"])
    }

    @Test(.everyDatabase) func `nobody is told that nothing opens of what has left`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        // A repeat that the link does not take says nothing of the first.
        stage.set(isUp: false)
        #expect(try await stage.runner.send(Self.unlock("a"), stage.context).outcome != .unreachable)
        stage.set(isUp: true)
        stage.end("r")
        try await stage.runner.lookAgain(at: "lock:7", ThingStage.trace)
        #expect(try await stage.runner.send(Self.unlock("a"), stage.context).outcome == .unknown)
        #expect(try await stage.runner.withdraw(WithdrawCommand(action: "a", thing: "t"), ThingStage.trace))
        #expect(try await !stage.runner.withdraw(WithdrawCommand(action: "never sent", thing: "t"), ThingStage.trace))
        stage.set(isUp: false)
        #expect(try await stage.runner.send(Self.unlock("b", "s"), stage.context).outcome == .unreachable)
        #expect(try await !stage.runner.withdraw(WithdrawCommand(action: "b", thing: "t"), ThingStage.trace))
    }

    @Test(.everyDatabase) func `what is known to have lost its right is withdrawn, whatever is not known of others`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        let premise = Premise(module: "nobody", about: ["lock:7"], question: "r", endsAt: nil)
        let other = SendCommand(
            action: "b", thing: "u", org: "acme", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30), premise: premise)
        _ = try await stage.runner.send(other, stage.context)
        stage.end("r")
        stage.lose(module: "nobody")
        await #expect(throws: RequestError.self) { try await stage.runner.lookAgain(at: "lock:7", ThingStage.trace) }
        #expect(try await stage.finished().map(\.action) == ["a"])
    }

    @Test(.everyDatabase) func `what was confirmed too long ago is not shown`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.send(Self.unlock("a"), stage.context)
        stage.pass(.seconds(2))
        // The answer is on its way for longer than it is good for.
        stage.answerRights(after: Premise.freshness)
        #expect(try await Self.shown(stage) == nil)
        stage.answerRights(after: .zero)
        #expect(try await Self.shown(stage) == "a")
    }

    @Test(.everyDatabase) func `no more than a thousand commands wait for a thing, and removals always find room`() async throws {
        let stage = try await prepare()
        let waiting = try (0..<1_000).map { number in
            try PendingCommand(
                action: ActionID("w\(number)"), thing: "t", shadow: "command", command: .addKey(DeviceKey(id: "k"), holder: nil),
                expiresAt: nil, context: .null,
                org: "acme", createdAt: ThingStage.start, stage: .accepted
            ).insert(deadline: stage.context.deadline)
        }
        _ = try await stage.database.transact(waiting)
        #expect(try await stage.runner.send(Self.unlock("a"), stage.context).outcome == .full)
        let removal = SendCommand(action: "b", thing: "t", org: "acme", command: .removeKey(DeviceKey(id: "l")), lifetime: nil)
        #expect(try await stage.runner.send(removal, stage.context).outcome == .accepted)
    }
}
