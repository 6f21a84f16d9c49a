import Application
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

/// A guest's open against the fakes: uses are reserved before the push and given back when it fails.
@Suite struct GuestOpeningTests {
    let fake = FakeServices(now: Timestamp(milliseconds: 1_000_000))

    func prepare(maxUses: Int?) async throws {
        let store = fake.services("access").store, none = Trace(correlation: "", causation: nil)
        let lock = Snapshot<Lock>(stream: Lock.stream(7), state: Lock(), version: 0, changedAt: fake.now)
        let key = Snapshot<TempKey>(stream: TempKey.stream(TempKeyTests.id), state: TempKey(), version: 0, changedAt: fake.now)
        let definition = TempKey.Definition(
            id: TempKeyTests.id, isShared: false, doors: [TempKeyTests.door(1, 7)], users: nil, from: Timestamp(milliseconds: 1),
            until: Timestamp(milliseconds: 2_000_000),
            maxUses: maxUses, description: nil, sealedPin: nil, createdBy: "acme", createdAt: fake.now)
        try await store.commit(
            Commit(
                [try Append([TempKeyTests.lock], to: lock, at: fake.now), try Append([.created(definition)], to: key, at: fake.now)],
                trace: none))
        fake.answer(WithdrawCommand.self) { _ in WithdrawCommand.Reply(mayHaveLeft: false) }
    }

    func open() async throws -> GuestOpening.Opened {
        let request = Request(caller: .anonymous, attempt: Attempt(now: fake.now))
        return try await GuestOpening(services: fake.services("access"), request: request).open(TempKeyTests.id, door: nil)
    }

    func key() async throws -> TempKey { try await fake.services("access").store.load(TempKey.self, TempKeyTests.id.text).state }

    @Test func `an open is told to the lock and counted`() async throws {
        try await prepare(maxUses: 2)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted, isOffline: true) }
        let opened = try await open()
        #expect(opened.isOffline && opened.door.id == 1)
        #expect(try fake.asked(SendCommand.self).map(\.lifetime) == [30_000])
        #expect(fake.types(of: Lock.stream(7)) == ["LockCreated", "LockOpenRequested", "TempKeyUsed"])
        #expect(try await key().usedCount == 1)
        // Use, command and action are one: whoever heals the open later finds the use that it has.
        #expect(try await key().recentUses == fake.asked(SendCommand.self).map(\.action))
    }

    @Test func `a repeat of the request takes no second use`() async throws {
        try await prepare(maxUses: 1)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        // Counts from the reservation of the use.
        fake.failCommit(2, with: RequestError.outcomeUnknown)
        let request = Request(caller: .anonymous, attempt: Attempt(now: fake.now))
        let opening = GuestOpening(services: fake.services("access"), request: request)
        await #expect(throws: RequestError.outcomeUnknown) { try await opening.open(TempKeyTests.id, door: nil) }
        #expect(try await key().usedCount == 1)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        #expect(try await opening.open(TempKeyTests.id, door: nil).action == request.action)
        #expect(try await key().usedCount == 1)
        #expect(fake.types(of: Lock.stream(7)) == ["LockCreated", "LockOpenRequested", "TempKeyUsed"])
        await #expect(throws: RequestError(GuestRefusal.usedUp)) { try await open() }
    }

    @Test func `a push that fails gives the use back and tells nothing`() async throws {
        try await prepare(maxUses: 1)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.unreachable) }
        await #expect(throws: RequestError.sideEffectFailed("The door could not be told to open.")) { try await open() }
        #expect(fake.types(of: Lock.stream(7)) == ["LockCreated"])
        #expect(try await key().usedCount == 0)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        _ = try await open()
        await #expect(throws: RequestError(GuestRefusal.usedUp)) { try await open() }
    }

    @Test func `a commit of unknown outcome keeps the use`() async throws {
        try await prepare(maxUses: 1)
        fake.answer(SendCommand.self) { [fake] _ in
            fake.failNextCommit(with: RequestError.outcomeUnknown)
            return SendCommand.Reply(.accepted)
        }
        await #expect(throws: RequestError.outcomeUnknown) { try await open() }
        #expect(try await key().usedCount == 1)
        #expect(try fake.asked(WithdrawCommand.self).isEmpty)
    }

    @Test func `a shared key whose maker was not told is told on the repeat`() async throws {
        try await prepare(maxUses: nil)
        let id: TempKey.ID = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c12"
        func make(by caller: Caller) async throws -> CommandResult<CreateSharedKey> {
            let command = CreateSharedKey(
                from: Timestamp(milliseconds: 1), until: fake.now + .seconds(600), remark: nil,
                doors: DoorRequests(doors: [DoorRequest(lock: LockID(7), label: "Front", method: .both)]), key: id, caller: caller)
            return try await fake.services("access").execute(command, for: Request(caller: caller, attempt: Attempt(now: fake.now)))
        }
        let first = try await make(by: .key(org: "acme", isSuper: false)), second = try await make(by: .key(org: "acme", isSuper: false))
        #expect(first.state.definition == second.state.definition && first.facts.pin == second.facts.pin && first.facts.pin != nil)
        await #expect(throws: RequestError(CreateSharedKey.Refusal.isTaken)) { try await make(by: .key(org: "ops", isSuper: true)) }
    }
}
