import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// What is remembered saves reading, and nothing outdated of it takes effect.
@Suite struct ThingMemoryTests {
    private func prepare() async throws -> ThingStage { try await ThingStage(TestDatabase.current) }

    /// A stage whose runner remembers `t`.
    private func remembering() async throws -> ThingStage {
        let stage = try await prepare()
        try await report(stage.runner)
        #expect(stage.memory.count == 0, "what has no row yet has no revision that others can raise")
        try await stage.unlock("first", expecting: .accepted)
        #expect(stage.memory.find("t", "command") != nil)
        return stage
    }

    /// The device says something of itself.
    private func report(_ runner: ThingRunner) async throws {
        let report: JSON = ["state": ["reported": ["x": 1]]]
        try await runner.receive(.shadow("t", shadow: "command", verb: .update, payload: report.bytes))
    }

    private func slot(_ stage: ThingStage) async throws -> JSON? {
        try await stage.another.load("t", "command").state.shadow.desired["message_id"]
    }

    @Test(.everyDatabase) func `commands and answers of a remembered thing read nothing`() async throws {
        let stage = try await remembering()
        let reads = stage.reads
        try await stage.answer("first")
        for action in ["a", "b"] as [ActionID] {
            try await stage.unlock(action, expecting: .accepted)
            try await stage.answer(action.text)
        }
        #expect(stage.reads == reads)
        #expect(try await stage.finished().map(\.outcome) == [.succeeded, .succeeded, .succeeded])
        #expect(try await slot(stage) == nil)
    }

    @Test(.everyDatabase) func `a thing that was handed over takes nothing from its owner before`() async throws {
        let stage = try await remembering()
        let bind = try #require(stage.another.answers.first { $0.name == BindThing.name })
        _ = try await bind.answer(try JSON(encoding: BindThing(thing: "t", org: "other", isHandOver: true)), stage.context)
        try await stage.unlock("a", expecting: .foreign)
    }

    @Test(.everyDatabase) func `a thing that went with its hub takes nothing from its owner before`() async throws {
        let stage = try await prepare()
        _ = try await stage.database.transact(["UPDATE devices.things SET hub_id = 'h' WHERE name = 't'"])
        try await report(stage.runner)
        try await stage.unlock("first", expecting: .accepted)
        #expect(stage.memory.count == 1)
        _ = try await stage.database.transact(ThingTables.follow("h", "hub", from: .claimed(by: "acme"), to: .claimed(by: "other")))
        try await stage.unlock("a", expecting: .foreign)
    }

    /// - Parameter isRegistered: whether the thing is registered with the hub, or is a lock that a device behind the hub represents.
    @Test(.everyDatabase, arguments: [true, false])
    func `what is behind a suspended hub takes nothing until the hub is resumed`(isRegistered: Bool) async throws {
        let stage = try await prepare()
        let hub = Hub.claimed(by: "acme")
        _ = try await stage.database.transact(ThingTables.follow("h", "hub", from: Hub(), to: hub))
        _ = try await stage.database.transact(
            isRegistered
                ? ["UPDATE devices.things SET hub_id = 'h' WHERE name = 't'"]
                : ["INSERT INTO devices.matter_devices (device_id, thing, hub_id) VALUES ('t', 'bridge', 'h')"])
        try await report(stage.runner)
        try await stage.unlock("first", expecting: .accepted)
        _ = try await stage.database.transact(ThingTables.follow("h", "hub", from: hub, to: hub.suspended))
        try await stage.unlock("a", expecting: .outOfService)
        #expect(try await stage.runner.load("t", "command").state.withheld == ["first"])
        _ = try await stage.database.transact(ThingTables.follow("h", "hub", from: hub.suspended, to: hub))
        try await stage.unlock("b", expecting: .accepted)
        #expect(try await stage.runner.load("t", "command").state.withheld.isEmpty)
    }

    @Test(.everyDatabase) func `a lock that has a Matter device now opens that as well`() async throws {
        let stage = try await remembering()
        let device = CreateMatterDevice(
            device: MatterDevice.ID("t"), named: MatterDevice.ID("t"), thing: NewThingName("bridge"), hub: "h", type: Name("lock"))
        let snapshot = Snapshot(
            stream: MatterDevice.stream("t"), state: MatterDevice(), version: 0, changedAt: Timestamp(milliseconds: 0))
        let facts = CreateMatterDevice.Facts(hub: .claimed(by: "acme"), owner: .tenant("acme", hub: nil), asking: "acme")
        let events = try device.decide(MatterDevice(), facts, at: stage.now)
        let request = Request(attempt: Attempt(now: stage.now))
        guard case .local(let changes) = device.effect(of: events, on: snapshot, facts, request, stage.runner.services) else {
            return #expect(Bool(false))
        }
        let view: SQL = "INSERT INTO devices.matter_devices (device_id, thing, hub_id) VALUES ('t', 'bridge', 'h')"
        _ = try await stage.database.transact([view] + changes.rows)
        try await stage.unlock("a", expecting: .accepted)
        let commands = try await stage.database.read("SELECT thing FROM devices.commands WHERE part_of = 'a' ORDER BY thing")
        #expect(try commands.map { try $0.read("thing", as: String.self) } == ["bridge", "t"])
    }

    @Test(.everyDatabase) func `what another process has written is built on`() async throws {
        let stage = try await remembering()
        // Another has the link for a while: the first command ends, and a second one is shown.
        let report: JSON = ["state": ["reported": ["lastCommand": ["message_id": "first", "status": "ok"]]]]
        try await stage.another.receive(.shadow("t", shadow: "command", verb: .update, payload: report.bytes))
        let version = try await stage.another.load("t", "command").state.shadow.version
        try await stage.unlock("a", expecting: .accepted)
        let shadow = try await stage.another.load("t", "command").state.shadow
        #expect(shadow.version == version + 1 && shadow.desired["message_id"] == "a")
        #expect(try await stage.finished().count == 1)
        // A repeat of what another has taken is no second command.
        #expect(try await stage.another.send(unlock("b"), stage.context).outcome == .accepted)
        try await stage.unlock("b", expecting: .accepted)
        #expect(try await stage.database.read("SELECT 1 AS one FROM devices.commands WHERE action_id = 'b'").count == 1)
    }

    @Test(.everyDatabase) func `commands go on while the thing is written by others`() async throws {
        let stage = try await remembering()
        let bind = try #require(stage.another.answers.first { $0.name == BindThing.name })
        // Back and forth: after each of them the revision is another.
        async let handing: Void = {
            for org in Array(repeating: ["other", "acme"] as [OrgID], count: 15).flatMap(\.self) {
                _ = try await bind.answer(try JSON(encoding: BindThing(thing: "t", org: org, isHandOver: true)), stage.context)
            }
        }()
        var accepted = 0
        for number in 0..<30 {
            do {
                let reply = try await stage.runner.send(unlock(ActionID("a\(number)")), stage.context)
                #expect(reply.outcome == .accepted || reply.outcome == .foreign)
                if reply.outcome == .accepted { accepted += 1 }
            } catch AskFailure.timedOut {
                // Written by others again and again: nothing is stored.
            }
        }
        try await handing
        let stored = try await stage.database.read("SELECT COUNT(*) AS n FROM devices.commands").first?.find("n", as: Int.self)
        #expect(stored == accepted + 1)
        try await stage.unlock("last", expecting: .accepted)
    }

    private func unlock(_ action: ActionID) -> SendCommand {
        SendCommand(
            action: action, thing: "t", org: "acme", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30), context: ["c": 1])
    }

    @Test(.everyDatabase) func `an end that writes no shadow makes what is remembered outdated`() async throws {
        let stage = try await remembering()
        let state = try await stage.another.load("t", "command").state, command = try #require(state.commands.first)
        let end = ThingState.Action.store(.end(command, .withdrawn, error: nil, isLate: false))
        _ = try await stage.database.transact(try ThingTables.rows(of: [end], state, at: stage.now))
        // Answered from memory, the command would be ended a second time.
        try await stage.answer("first")
        #expect(try await stage.finished().map(\.isLate) == [true])
    }

    @Test(.everyDatabase) func `a rejection is one of what is stored`() async throws {
        let stage = try await remembering()
        try await report(stage.another)
        let version = try await stage.another.load("t", "command").state.shadow.version
        let update: JSON = ["state": ["reported": ["x": 2]], "version": .int(Int64(version))]
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .update, payload: update.bytes))
        #expect(try await stage.another.load("t", "command").state.shadow.reported["x"] == 2)
    }

    @Test func `memory is bounded, and drops what was not used for long`() throws {
        let memory = ThingMemory(limit: 100 << 10)
        var shadow = Shadow()
        shadow.isStored()
        let stored = StoredThing(
            shadowName: "command", shadow: shadow, commands: [], owner: .tenant("acme", hub: nil), isOnline: nil, matter: nil)
        for number in 0..<1_000 {
            memory.keep(stored, of: ThingName("t\(number)"))
            _ = memory.find("t0", "command")
        }
        #expect(memory.count == 100 && memory.find("t0", "command") != nil && memory.find("t999", "command") != nil)
        memory.forget("t0")
        #expect(memory.count == 99 && memory.find("t0", "command") == nil)
        memory.forgetAll()
        #expect(memory.count == 0)
    }

    @Test func `only slots that are stored are remembered`() {
        let memory = ThingMemory()
        var shadow = Shadow()
        func keep(_ name: String?) {
            memory.keep(StoredThing(shadowName: name, shadow: shadow, commands: [], owner: .person, isOnline: nil, matter: nil), of: "t")
        }
        keep("command")
        #expect(memory.count == 0)
        shadow.isStored()
        keep("command")
        #expect(memory.find("t", "command") != nil && memory.find("t", "hub_command") == nil && memory.find("t", nil) == nil)
        keep("door")
        keep(nil)
        #expect(memory.find("t", "command") != nil && memory.count == 1)
    }
}
