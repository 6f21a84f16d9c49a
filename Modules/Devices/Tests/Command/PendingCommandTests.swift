import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct PendingCommandTests {
    let unlock = DeviceCommand.unlock(reason: nil, request: nil)

    func command(
        _ id: ActionID, _ command: DeviceCommand = .addKey(DeviceKey(id: "k"), holder: nil), at created: Int64 = 0, until: Int64? = nil,
        _ stage: PendingCommand.Stage = .accepted
    ) -> PendingCommand {
        PendingCommand(
            action: id, thing: "t", shadow: "command", command: command, expiresAt: until.map { Timestamp(milliseconds: $0) },
            context: .null,
            org: "acme", createdAt: Timestamp(milliseconds: created), stage: stage)
    }

    @Test func `the oldest live command is offered, removals first`() {
        let now = ClockReading(Timestamp(milliseconds: 100))
        let all = [
            command("new", at: 9), command("old", at: 1), command("gone", unlock, at: 0, until: 100), command("done", at: 0, .succeeded),
        ]
        #expect(PendingCommand.next(of: all, at: now)?.action == "old")
        #expect(PendingCommand.next(of: all + [command("removal", .removeKey(DeviceKey(id: "l")), at: 50)], at: now)?.action == "removal")
        #expect(PendingCommand.next(of: [command("gone", until: 100)], at: now) == nil)
    }

    @Test func `a command lives until its expiry, not at it`() {
        #expect(command("a", until: 100).isLive(at: ClockReading(Timestamp(milliseconds: 99))))
        #expect(!command("a", until: 100).isLive(at: ClockReading(Timestamp(milliseconds: 100))))
        #expect(command("a").isLive(at: ClockReading(Timestamp(milliseconds: .max))))
    }

    @Test func `no clock prolongs a command`() {
        var open = command("a", unlock, at: 1_000_000, until: 1_030_000)
        open.uptime = Uptime(boot: "b", milliseconds: 500)
        func left(_ moment: Int64, _ uptime: Int64, boot: String = "b") -> Duration? {
            open.left(at: ClockReading(Timestamp(milliseconds: moment), uptime: Uptime(boot: boot, milliseconds: uptime)))
        }
        #expect(left(1_010_000, 10_500) == .seconds(20))
        #expect(left(1_010_000, 25_500) == .seconds(5), "the wall clock was put back by fifteen seconds")
        #expect(left(1_001_000, 30_500) == .zero)
        #expect(left(1_000_000 - 3_600_000, 20_500) == .zero, "a time before the command was made says nothing of its age")
        #expect(left(999_500, 500) == .seconds(30), "a clock that is kept in step may jump a little, and never gives more than the whole")
        #expect(left(1_010_000, 99_000, boot: "other") == .seconds(20))
        #expect(!open.isLive(at: ClockReading(Timestamp(milliseconds: 1))))
    }

    @Test func `the device sees what is left of its life`() {
        #expect(
            command("a", unlock, until: 30_000).slot(at: ClockReading(Timestamp(milliseconds: 10_000))) == [
                "message_id": "a", "command": "unlock", "args": [:], "expires_at": "1970-01-01T00:00:30.000Z", "ttl_ms": 20_000,
            ])
        #expect(
            command("a").slot(at: ClockReading(Timestamp(milliseconds: 0))) == [
                "message_id": "a", "command": "add_key", "args": ["key_uuid": "k"],
            ])
    }

    @Test func `messages are read by every later build`() throws {
        try GoldenSamples.check(
            command("a").finished(.failed, error: "jammed", at: Timestamp(milliseconds: 7)), named: CommandFinished.name)
        try GoldenSamples.check(
            SendCommand(
                action: "a", thing: "t", org: "acme", command: .unlock(reason: "x", request: nil), lifetime: .seconds(30), context: ["c": 1]
            ),
            named: SendCommand.name)
        try GoldenSamples.check(SendCommand.Reply(.accepted, isOffline: true), named: "\(SendCommand.name).Reply")
        try GoldenSamples.check(WithdrawCommand(action: "a", thing: "t"), named: WithdrawCommand.name)
        try GoldenSamples.check(BindThing(thing: "t", org: "acme"), named: BindThing.name)
        try GoldenSamples.check(BindThing.Reply(isBound: true), named: "\(BindThing.name).Reply")
        try GoldenSamples.check(ThingsOnline(things: ["t"]), named: ThingsOnline.name)
        try GoldenSamples.check(DeviceStates(devices: ["t"]), named: DeviceStates.name)
        try GoldenSamples.check(
            DeviceStates.Reply(states: [.init(device: "d", type: "lock", thing: "t", isOnline: true)]), named: "\(DeviceStates.name).Reply")
        try GoldenSamples.check(ThingsOnline.Reply(online: ["t"]), named: "\(ThingsOnline.name).Reply")
        try GoldenSamples.check(ThingMessages(thing: "t", limit: 5), named: ThingMessages.name)
        let message = ThingMessages.Message(id: 1, payload: ["a": 1], at: Timestamp(milliseconds: 2))
        try GoldenSamples.check(ThingMessages.Reply(commands: [message], statuses: []), named: "\(ThingMessages.name).Reply")
        let changed = ShadowChanged(
            thing: "t", version: 3, desired: nil, reported: ["a": 1], delta: [:], metadata: ["reported": ["a": ["timestamp": 1]]])
        try GoldenSamples.check(changed, named: ShadowChanged.name)
        let premise = Premise(module: "access", about: ["lock:7"], question: ["a": 1], endsAt: Timestamp(milliseconds: 9))
        let resting = SendCommand(
            action: "a", thing: "t", org: nil, command: .unlock(reason: nil, request: nil), lifetime: nil, premise: premise)
        try GoldenSamples.check(resting, named: "\(SendCommand.name).premise")
        try GoldenSamples.check(WithdrawCommand.Reply(mayHaveLeft: true), named: "\(WithdrawCommand.name).Reply")
        try GoldenSamples.check(LookAgain(about: "lock:7"), named: LookAgain.name)
        try GoldenSamples.check(EndsOfCommands(actions: ["a"]), named: EndsOfCommands.name)
        let ended = EndsOfCommands.Reply(ended: [command("a").finished(.expired, at: Timestamp(milliseconds: 7))], known: ["a", "b"])
        try GoldenSamples.check(ended, named: "\(EndsOfCommands.name).Reply")
        try GoldenSamples.check(WantState(thing: "t", shadow: "hub_state", desired: ["a": 1], org: "acme"), named: WantState.name)
    }
}
