import Application
import Database
import DevicesContracts
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Devices

@Suite struct ThingRunnerTests {
    func prepare() async throws -> ThingStage { try await ThingStage(TestDatabase.current) }

    @Test(.everyDatabase)
    func `a command is offered with its life, and a repeat of the ask offers nothing once it is delivered`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 1 && stage.offers[0].lifetime == .seconds(30))
    }

    @Test(.everyDatabase)
    func `a command that was stored and never went out is offered by the repeat, as the same message`() async throws {
        let stage = try await prepare()
        let lost = PendingCommand(
            action: "a", thing: "t", shadow: "command", command: .unlock(reason: nil, request: nil),
            expiresAt: ThingStage.start + .seconds(30),
            context: .null, org: "acme",
            createdAt: ThingStage.start, stage: .accepted)
        _ = try await stage.database.transact([try lost.insert(deadline: stage.context.deadline)])
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 1 && stage.published("update/delta")[0]["state"]?["message_id"] == "a")
    }

    @Test(.everyDatabase) func `what has no answer is offered again when the link is back`() async throws {
        let stage = try await prepare()
        for thing in ["t", "u"] { try await stage.unlock(ActionID(thing), ThingName(thing), expecting: .accepted) }
        try await stage.answer("t")
        try await stage.runner.offerUnanswered()
        #expect(stage.offers.map(\.thing) == ["t", "u", "u"])
    }

    @Test(.everyDatabase) func `what has no answer is offered again though the database was away at first`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        stage.failQueries(2)
        await DeviceWorker(runner: stage.runner, access: nil).offerUnanswered()
        #expect(stage.offers.count == 2)
    }

    @Test(.everyDatabase) func `a command that comes after its withdrawal is not carried out`() async throws {
        let stage = try await prepare()
        _ = try await stage.runner.withdraw(WithdrawCommand(action: "a", thing: "t"), ThingStage.trace)
        try await stage.unlock("a", expecting: .unreachable)
        #expect(stage.offers.isEmpty)
    }

    @Test(.everyDatabase) func `what was taken back begins anew when it is asked for again, as the same message`() async throws {
        let stage = try await prepare()
        stage.set(isUp: false)
        try await stage.unlock("a", expecting: .unreachable)
        stage.set(isUp: true)
        stage.pass(.seconds(1))
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.published("update/delta").map { $0["state"]?["message_id"] } == ["a"])
        #expect(stage.published("update/delta")[0]["state"]?["expires_at"]?.text == (ThingStage.start + .seconds(31)).iso)
        try await stage.answer("a")
        #expect(try await stage.finished().map(\.outcome) == [.succeeded])
    }

    @Test(.everyDatabase) func `what was withdrawn begins anew, but not on another thing`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        _ = try await stage.runner.withdraw(WithdrawCommand(action: "a", thing: "t"), ThingStage.trace)
        stage.pass(.seconds(1))
        try await stage.unlock("a", "other", expecting: .foreign)
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 2)
    }

    @Test(.everyDatabase) func `what the device did after it was withdrawn is done, and is not offered again`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        _ = try await stage.runner.withdraw(WithdrawCommand(action: "a", thing: "t"), ThingStage.trace)
        try await stage.answer("a")
        stage.pass(.seconds(1))
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 1)
    }

    @Test(.everyDatabase) func `whoever has lost the link overwrites nothing`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        let stale = try await stage.runner.load("t", "command").state.shadow
        try await stage.answer("a")
        let put = try ThingTables.put(stale, "t", "command")
        do { _ = try await stage.runner.services.store.run([put]); Issue.record("stored") } catch CommitFailure.violated(let check) {
            #expect(check.contains("shadows_in_order"))
        }
        #expect(try await stage.runner.load("t", "command").state.shadow.desired.isNull)
    }

    @Test(.everyDatabase) func `the claim of a hub that the link does not take leaves nothing behind`() async throws {
        let stage = try await prepare()
        _ = try await stage.database.transact(ThingTables.register("hub", with: "h", in: Hub()))
        func claim(_ org: OrgID, _ hub: Hub.ID = "h") async throws -> WantState.Reply.Outcome {
            let want = WantState(thing: "hub", hub: hub, shadow: "hub_state", desired: ["claim": ["orgId": org.json]], org: org)
            return try await stage.runner.want(want).outcome
        }
        stage.set(isUp: false)
        #expect(try await claim("acme") == .unreachable)
        #expect(try await stage.runner.load("hub", "hub_state").state.shadow.desired.isNull)
        stage.set(isUp: true)
        #expect(try await claim("acme") == .accepted)
        // That claim was not stored in the end: another may follow, but not for another hub.
        #expect(try await claim("other", "h2") == .foreign)
        #expect(try await claim("other") == .accepted)
        let runner = try await stage.runner.load("hub", "hub_state").state
        #expect(runner.owner == .unclaimed("h") && runner.shadow.desired["claim"]?["orgId"] == "other")
    }

    @Test(.everyDatabase) func `an action of one thing is not another's`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", "t", expecting: .accepted)
        try await stage.unlock("a", "other", expecting: .foreign)
    }

    @Test(.everyDatabase) func `a key that was to be added before its removal does not come after it`() async throws {
        let stage = try await prepare()
        func send(_ action: ActionID, _ command: DeviceCommand) async throws {
            let command = SendCommand(action: action, thing: "t", org: "acme", command: command, lifetime: nil)
            _ = try await stage.runner.send(command, stage.context)
        }
        try await send("add", .addKey(DeviceKey(id: "k"), holder: nil))
        try await send("other", .addKey(DeviceKey(id: "l"), holder: nil))
        try await send("remove", .removeKey(DeviceKey(id: "k")))
        try await stage.answer("remove")
        try await stage.answer("other")
        let offered = stage.published("update/delta").compactMap { $0["state"]?["message_id"]?.text }, ends = try await stage.finished()
        #expect(offered == ["add", "other", "remove", "other"])
        #expect(ends.map(\.action) == ["remove", "add", "other"] && ends.map(\.outcome) == [.succeeded, .withdrawn, .succeeded])
        try await send("again", .addKey(DeviceKey(id: "k"), holder: nil))
        #expect(stage.published("update/delta").last?["state"]?["message_id"] == "again")
    }

    @Test(.everyDatabase) func `what the link does not take is never offered later`() async throws {
        let stage = try await prepare()
        stage.set(isUp: false)
        try await stage.unlock("a", expecting: .unreachable)
        stage.set(isUp: true)
        try await stage.runner.receive(.presence("t", HubLink.SignOfLife(isOnline: true)))
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
        #expect(stage.offers.isEmpty)
        #expect(stage.published("get/accepted").allSatisfy { $0["state"]?["desired"] == nil })
    }

    @Test(.everyDatabase) func `a device that asks is told the time that is left now`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        stage.pass(.seconds(29))
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
        let state = stage.published("get/accepted").last?["state"]
        #expect(state?["desired"]?["message_id"] == "a" && state?["desired"]?["ttl_ms"] == 1000)
        #expect(state?["delta"]?["ttl_ms"] == nil || state?["delta"]?["ttl_ms"] == 1000)
    }

    @Test(.everyDatabase) func `an end that comes second changes nothing`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        let command = try #require(try await stage.runner.load("t", "command", naming: "a").state.named)
        try await stage.answer("a")
        _ = try await stage.database.transact([command.finish(.expired, error: "too late", at: Timestamp(milliseconds: 5))])
        #expect(
            try await stage.database.read("SELECT stage FROM devices.commands").first?.find("stage", as: String.self) == "succeeded")
    }

    @Test(.everyDatabase) func `an expired command is shown to nobody, though no timer has run`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        stage.pass(.seconds(30))
        let shownBefore = stage.published("update/documents").count
        try await stage.runner.receive(.presence("t", HubLink.SignOfLife(isOnline: true)))
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
        try await stage.runner.receive(
            .shadow("t", shadow: "command", verb: .update, payload: (["state": ["reported": ["battery": 1]]] as JSON).bytes))
        #expect(stage.offers.count == 1)
        #expect(stage.published("get/accepted").last?["state"]?["desired"] == nil)
        let documents = stage.published("update/documents").dropFirst(shownBefore)
        #expect(documents.count == 1 && documents.allSatisfy { !$0.encoded.contains("message_id") })
    }

    @Test(.everyDatabase) func `an expired command is shown to nobody when the timer ends it`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        stage.pass(.seconds(30))
        let shownBefore = stage.published("update/documents").count
        try await stage.runner.expire("t")
        let documents = stage.published("update/documents").dropFirst(shownBefore)
        #expect(documents.count == 1 && documents.allSatisfy { !$0.encoded.contains("message_id") })
    }

    @Test(.everyDatabase) func `an answer ends its command once`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.answer("a")
        try await stage.answer("a")
        try await stage.answer("nobody's")
        let ends = try await stage.finished()
        #expect(ends.map(\.outcome) == [.succeeded] && ends[0].context == ["c": 1] && !ends[0].isLate)
    }

    @Test(.everyDatabase) func `a door that opened after all is told once, as late`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.unlock("b", expecting: .accepted)
        stage.pass(.seconds(31))
        try await stage.runner.expire("t")
        for _ in 0..<2 { try await stage.answer("a") }
        try await stage.answer("b", "error")
        let ends = try await stage.finished()
        #expect(ends.filter { $0.outcome == .expired }.count == 2)
        #expect(ends.filter { $0.outcome == .succeeded }.map(\.isLate) == [true] && ends.count == 3)
    }

    @Test(.everyDatabase) func `a thing of another tenant takes no command`() async throws {
        let stage = try await prepare()
        let foreign = SendCommand(
            action: "a", thing: "t", org: "other", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30))
        let outcome = try await stage.runner.send(foreign, stage.context).outcome
        #expect(outcome == .foreign)
        #expect(stage.offers.isEmpty)
    }

    @Test(.everyDatabase) func `an ask whose time is over commits nothing`() async throws {
        let stage = try await prepare()
        let command = SendCommand(
            action: "a", thing: "t", org: "acme", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30))
        let over = AskContext(trace: ThingStage.trace, deadline: Timestamp(milliseconds: 1))
        await #expect(throws: AskFailure.timedOut(name: SendCommand.name)) { try await stage.runner.send(command, over) }
        let stored = try await stage.database.read("SELECT action_id FROM devices.commands")
        #expect(stored.isEmpty && stage.offers.isEmpty)
    }

    @Test(.everyDatabase) func `devices do not write commands`() async throws {
        let stage = try await prepare()
        let forged: JSON = ["state": ["desired": ["command": "unlock"]]]
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .update, payload: forged.bytes))
        #expect(stage.published("update/rejected").map { $0["code"] } == [403] && stage.offers.isEmpty)
    }
}
