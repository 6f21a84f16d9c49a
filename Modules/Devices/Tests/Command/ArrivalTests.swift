import DevicesContracts
import Kernel
import Testing

@testable import Devices

/// Whether a command that comes is carried out.
@Suite struct ArrivalTests {
    let now = ClockReading(Timestamp(milliseconds: 1_000_000))

    func ask(_ command: DeviceCommand = .unlock(reason: nil, request: nil), lifetime: Duration? = .seconds(30), endsAt: Timestamp? = nil)
        -> SendCommand
    {
        let premise = Premise(module: "access", about: [], question: .null, endsAt: endsAt)
        return SendCommand(action: "a", thing: "t", org: "acme", command: command, lifetime: lifetime, premise: premise)
    }

    func stored(
        _ stage: PendingCommand.Stage, on thing: ThingName = "t", age: Duration = .zero, wasLate: Bool = false, error: String? = nil,
        finished: Timestamp? = nil
    ) -> PendingCommand {
        PendingCommand(
            action: "a", thing: thing, shadow: "command", command: .unlock(reason: nil, request: nil),
            expiresAt: now.moment - age + .seconds(30), context: .null, org: "acme", createdAt: now.moment - age, stage: stage,
            wasLate: wasLate, finishedAt: finished, error: error)
    }

    func verdict(
        _ ask: SendCommand? = nil, beside whole: PendingCommand? = nil, other: PendingCommand? = nil,
        owner: ThingOwner = .tenant("acme", hub: nil), known: PendingCommand? = nil, matter: ThingName? = nil, waiting: Int = 0,
        isLinkUp: Bool = true, isDelivered: Bool = false
    ) -> Arrival.Verdict {
        let waits = Array(repeating: stored(.accepted), count: waiting)
        let thing = StoredThing(shadowName: "command", shadow: Shadow(), commands: waits, owner: owner, isOnline: nil, matter: matter)
        let arrival = Arrival(ask: ask ?? self.ask(), whole: whole, stored: thing, known: known)
        let context = AskContext(trace: Trace(correlation: "", causation: nil), deadline: now.moment + SendCommand.timeout)
        return arrival.verdict(beside: other, isLinkUp: isLinkUp, isDelivered: isDelivered, context, at: now)
    }

    @Test func `a command for the tenant's own thing is accepted`() {
        guard case .accept(let command, isAnew: false) = verdict() else { return #expect(Bool(false)) }
        #expect(command.expiresAt == now.moment + .seconds(30) && command.partOf == nil && command.stage == .accepted)
    }

    @Test func `a command lives no longer than its right`() {
        guard case .accept(let command, _) = verdict(ask(endsAt: now.moment + .seconds(5))) else { return #expect(Bool(false)) }
        #expect(command.expiresAt == now.moment + .seconds(5))
        #expect(verdict(ask(endsAt: now.moment)) == .reply(.outdated))
    }

    @Test func `an open of two commands shares its action and its expiry`() {
        guard case .accept(let first, _) = verdict(matter: "m") else { return #expect(Bool(false)) }
        #expect(first.partOf == "a")
        let whole = stored(.accepted, age: .seconds(4))
        guard case .accept(let second, _) = verdict(ask(lifetime: nil), beside: whole, other: whole) else { return #expect(Bool(false)) }
        #expect(second.partOf == whole.action && second.expiresAt == whole.expiresAt && second.createdAt == whole.createdAt)
        #expect(verdict(beside: whole, other: stored(.succeeded)) == .reply(.accepted), "an open that has ended gets no second command")
        #expect(verdict(beside: whole, other: nil) == .reply(.accepted))
    }

    @Test func `a thing takes commands of its owner alone, and not too many`() {
        for owner in [ThingOwner.tenant("other", hub: nil), .person, .unclaimed("h"), .nobody] {
            #expect(verdict(owner: owner) == .reply(.foreign))
        }
        #expect(verdict(waiting: Arrival.maxWaiting) == .reply(.full))
        guard case .accept = verdict(ask(.removeKey(DeviceKey(id: "k"))), waiting: Arrival.maxWaiting) else { return #expect(Bool(false)) }
        #expect(verdict(isLinkUp: false) == .reply(.unreachable))
    }

    @Test func `a repeat gets what became of the first`() {
        #expect(verdict(known: stored(.accepted, on: "u")) == .reply(.foreign))
        #expect(verdict(known: stored(.accepted)) == .offerAgain(stored(.accepted)))
        #expect(verdict(known: stored(.accepted), isDelivered: true) == .reply(.accepted))
        #expect(verdict(known: stored(.accepted, age: .seconds(30))) == .reply(.accepted))
        #expect(verdict(known: stored(.succeeded)) == .reply(.accepted) && verdict(known: stored(.expired)) == .reply(.accepted))
        let late = stored(.withdrawn, wasLate: true, finished: now.moment - .seconds(60))
        #expect(verdict(known: late) == .reply(.accepted), "the device has done it after all")
    }

    @Test func `what was taken back before the ask begins anew, what was taken back under it does not`() {
        guard case .accept(_, isAnew: true) = verdict(known: stored(.withdrawn, finished: now.moment - .milliseconds(1))) else {
            return #expect(Bool(false))
        }
        #expect(verdict(known: stored(.withdrawn, finished: now.moment)) == .reply(.unknown))
        let refused = stored(.withdrawn, error: PendingCommand.notTaken, finished: now.moment)
        #expect(verdict(known: refused) == .reply(.unreachable))
        #expect(verdict(known: PendingCommand.bar("a", "t", at: now.moment)) == .reply(.unreachable))
    }
}
