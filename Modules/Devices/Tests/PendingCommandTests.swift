import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct PendingCommandTests {
    func command(_ id: ActionID, _ name: String = "add_key", at created: Int64 = 0, until: Int64? = nil, _ stage: PendingCommand.Stage = .accepted) -> PendingCommand {
        PendingCommand(
            action: id, thing: "t", shadow: "command", command: name, args: [:], expiresAt: until.map { Moment(milliseconds: $0) }, context: .null,
            org: "acme", createdAt: Moment(milliseconds: created), stage: stage)
    }

    @Test func `the oldest live command is offered, removals first`() {
        let now = Moment(milliseconds: 100)
        let all = [command("new", at: 9), command("old", at: 1), command("gone", "unlock", at: 0, until: 100), command("done", at: 0, .succeeded)]
        #expect(PendingCommand.next(of: all, at: now)?.action == "old")
        #expect(PendingCommand.next(of: all + [command("removal", "remove_key", at: 50)], at: now)?.action == "removal")
        #expect(PendingCommand.next(of: [command("gone", until: 100)], at: now) == nil)
    }

    @Test func `a command lives until its expiry, not at it`() {
        #expect(command("a", until: 100).isLive(at: Moment(milliseconds: 99)))
        #expect(!command("a", until: 100).isLive(at: Moment(milliseconds: 100)))
        #expect(command("a").isLive(at: Moment(milliseconds: .max)))
    }

    @Test func `the device sees what is left of its life`() {
        #expect(
            command("a", "unlock", until: 30_000).slot(at: Moment(milliseconds: 10_000)) == [
                "message_id": "a", "command": "unlock", "args": [:], "expires_at": "1970-01-01T00:00:30.000Z", "ttl_ms": 20_000,
            ])
        #expect(command("a").slot(at: Moment(milliseconds: 0)) == ["message_id": "a", "command": "add_key", "args": [:]])
    }

    @Test func `messages are read by every later build`() throws {
        try GoldenSamples.check(command("a").finished(.failed, error: "jammed", at: Moment(milliseconds: 7)), named: CommandFinished.name)
        try GoldenSamples.check(
            SendCommand(action: "a", thing: "t", org: "acme", command: "unlock", args: ["reason": "x"], lifetime: .seconds(30), context: ["c": 1]),
            named: SendCommand.name)
        try GoldenSamples.check(SendCommand.Reply(.accepted, isOffline: true), named: "\(SendCommand.name).Reply")
        try GoldenSamples.check(WithdrawCommand(action: "a", thing: "t"), named: WithdrawCommand.name)
        try GoldenSamples.check(BindThing(thing: "t", org: "acme"), named: BindThing.name)
        try GoldenSamples.check(BindThing.Reply(isBound: true), named: "\(BindThing.name).Reply")
        try GoldenSamples.check(ThingsOnline(things: ["t"]), named: ThingsOnline.name)
        try GoldenSamples.check(ThingsOnline.Reply(online: ["t"]), named: "\(ThingsOnline.name).Reply")
        try GoldenSamples.check(ThingMessages(thing: "t", limit: 5), named: ThingMessages.name)
        let message = ThingMessages.Message(id: 1, payload: ["a": 1], at: Moment(milliseconds: 2))
        try GoldenSamples.check(ThingMessages.Reply(commands: [message], statuses: []), named: "\(ThingMessages.name).Reply")
        let changed = ShadowChanged(thing: "t", version: 3, desired: nil, reported: ["a": 1], delta: [:], metadata: ["reported": ["a": ["timestamp": 1]]])
        try GoldenSamples.check(changed, named: ShadowChanged.name)
        try GoldenSamples.check(WantState(thing: "t", shadow: "hub_state", desired: ["a": 1], org: "acme"), named: WantState.name)
    }
}
