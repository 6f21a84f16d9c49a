import Application
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct FinishActionsTests {
    let fake = FakeServices()

    func finished(_ outcome: CommandFinished.Outcome, wasPublished: Bool = true, isLate: Bool = false, kind: ActionKind = .open) throws
        -> CommandFinished
    {
        var lock = Lock()
        lock.apply(.created(Installation(lock: LockID(7), uuid: "u", org: "acme")))
        let row = ActionRow(action: "a", kind: kind, lock: lock, caller: .key(org: "acme", isSuper: false), at: fake.now)
        let wire = try Lock.events.encode(.openRequested(reason: nil, request: "r"), in: lock, at: fake.now)
        let context = PushContext(stream: "7", events: [PushContext.Event(wire)], row: row)
        return CommandFinished(
            action: "a", thing: "u", command: "unlock", outcome: outcome, error: outcome == .failed ? "jammed" : nil,
            wasPublished: wasPublished,
            isLate: isLate, finishedAt: fake.now, context: try JSON(encoding: context))
    }

    func react(_ finished: CommandFinished) async throws -> Changes {
        try await FinishActions(fake.services("access")).react(to: finished)
    }

    func types(_ effects: Changes) -> [String] { effects.appends.flatMap { $0.events.map(\.wire.type) } }

    @Test func `a door that opened is told`() async throws {
        let effects = try await react(try finished(.succeeded))
        #expect(types(effects) == ["LockOpened"])
        #expect(effects.appends.first?.stream == StreamName("action", "a"))
        #expect(effects.appends.first?.events.first?.audience == ["acme"])
    }

    @Test(arguments: [CommandFinished.Outcome.failed, .expired])
    func `a door that did not open is told`(outcome: CommandFinished.Outcome) async throws {
        #expect(types(try await react(try finished(outcome))) == ["LockOpenFailed"])
    }

    @Test func `a late success says that it is late`() async throws {
        let effects = try await react(try finished(.succeeded, isLate: true))
        #expect(effects.appends.first?.events.first?.wire.data["late"] == true)
    }

    @Test func `a command that was never seen never happened`() async throws {
        let effects = try await react(try finished(.withdrawn, wasPublished: false))
        #expect(effects.appends.isEmpty && effects.rows.isEmpty)
    }

    @Test func `a key write ends in the action alone`() async throws {
        let effects = try await react(try finished(.succeeded, kind: .addKey))
        #expect(types(effects).isEmpty && !effects.rows.isEmpty)
    }

    @Test func `a message with somebody else's context is passed over`() async throws {
        let other = CommandFinished(
            action: "x", thing: "u", command: "unlock", outcome: .succeeded, error: nil, wasPublished: true, isLate: false,
            finishedAt: fake.now,
            context: ["foreign": true])
        #expect(try await react(other).rows.isEmpty)
    }

    @Test func `what a crash left out is appended first`() async throws {
        let created = Lock.Event.created(Installation(lock: LockID(7), uuid: "u", org: "acme"))
        let empty = Snapshot<Lock>(stream: StreamName("lock", "7"), state: Lock(), version: 0, changedAt: fake.now)
        try await fake.services("access").store.commit(
            Commit([try Append([created], to: empty, at: fake.now)], trace: Trace(correlation: "", causation: nil)))
        let effects = try await react(try finished(.succeeded))
        #expect(types(effects) == ["LockOpenRequested", "LockOpened"])
        #expect(effects.rows.contains { $0.text.contains("INSERT INTO access.actions") })
    }

    @Test func `a use that was given back counts when the door has opened after all`() async throws {
        let services = fake.services("access"), none = Trace(correlation: "", causation: nil)
        let lock = Snapshot<Lock>(stream: Lock.stream(7), state: Lock(), version: 0, changedAt: fake.now)
        let key = Snapshot<TempKey>(stream: TempKey.stream(TempKeyTests.id), state: TempKey(), version: 0, changedAt: fake.now)
        let definition = TempKey.Definition(
            id: TempKeyTests.id, isShared: false, doors: [TempKeyTests.door(1, 7)], users: nil, from: Timestamp(milliseconds: 1),
            until: Timestamp(milliseconds: 2_000_000),
            maxUses: 1, description: nil, sealedPin: nil, createdBy: "acme", createdAt: fake.now)
        let events: [TempKey.Event] = [.created(definition), .useReserved("a"), .useReturned("a")]
        try await services.store.commit(
            Commit([try Append([TempKeyTests.lock], to: lock, at: fake.now), try Append(events, to: key, at: fake.now)], trace: none))
        var state = Lock()
        state.apply(TempKeyTests.lock)
        let use = Lock.Event.tempKeyUsed(TempKeyUse(key: TempKeyTests.id, user: nil, count: 1))
        let row = ActionRow(action: "a", kind: .open, lock: state, caller: .anonymous, at: fake.now)
        let context = PushContext(stream: "7", events: [PushContext.Event(try Lock.events.encode(use, in: state, at: fake.now))], row: row)
        let finished = CommandFinished(
            action: "a", thing: "u", command: "unlock", outcome: .succeeded, error: nil, wasPublished: true, isLate: true,
            finishedAt: fake.now,
            context: try JSON(encoding: context))
        #expect(types(try await react(finished)) == ["TempKeyUsed", "TempKeyUseReserved", "LockOpened"])
    }

    /// A lock with one key, stored.
    private func withListedKey() async throws -> Lock {
        let empty = Snapshot<Lock>(stream: Lock.stream(7), state: Lock(), version: 0, changedAt: fake.now)
        let key = Key(id: "K", index: 3)
        let events: [Lock.Event] = [.created(Installation(lock: LockID(7), uuid: "u", org: "acme")), .keyAdded(key)]
        try await fake.services("access").store.commit(
            Commit([try Append(events, to: empty, at: fake.now)], trace: Trace(correlation: "", causation: nil)))
        return events.reduce(into: Lock()) { $0.apply($1) }
    }

    @Test func `a removal that died behind its push and was not done is gone on with`() async throws {
        let lock = try await withListedKey(), wire = try Lock.events.encode(.keyRemoved("K", index: 3), in: lock, at: fake.now)
        let row = ActionRow(action: "r", kind: .removeKey, lock: lock, caller: .anonymous, key: "K", index: 3, at: fake.now)
        let context = PushContext(stream: "7", events: [PushContext.Event(wire)], row: row)
        let failed = CommandFinished(
            action: "r", thing: "u", command: "remove_key", outcome: .failed, error: "jammed", wasPublished: true, isLate: false,
            finishedAt: fake.now,
            context: try JSON(encoding: context))
        let effects = try await react(failed)
        #expect(types(effects) == ["KeyRemoved", "KeyGranted", "KeyGrantRevoked"])
        #expect(effects.rows.contains { $0.text.contains("INSERT INTO access.key_removals") })
    }

    @Test func `a key that was taken back behind its push is not listed, and removed where the device has it`() async throws {
        let empty = Snapshot<Lock>(stream: Lock.stream(7), state: Lock(), version: 0, changedAt: fake.now)
        let created = Lock.Event.created(Installation(lock: LockID(7), uuid: "u", org: "acme"))
        try await fake.services("access").store.commit(
            Commit([try Append([created], to: empty, at: fake.now)], trace: Trace(correlation: "", causation: nil)))
        var lock = Lock()
        lock.apply(created)
        let row = ActionRow(action: "r", kind: .addKey, lock: lock, caller: .anonymous, key: "K", index: 3, at: fake.now)
        let context = PushContext(
            stream: "7", events: [PushContext.Event(try Lock.events.encode(.keyAdded(Key(id: "K", index: 3)), in: lock, at: fake.now))],
            row: row)
        func ended(_ outcome: CommandFinished.Outcome, isLate: Bool = false) throws -> CommandFinished {
            CommandFinished(
                action: "r", thing: "u", command: "add_key", outcome: outcome, error: nil, wasPublished: true, isLate: isLate,
                finishedAt: fake.now,
                context: try JSON(encoding: context))
        }
        let taken = try await react(try ended(.withdrawn))
        #expect(types(taken).isEmpty && taken.rows.contains { $0.text.contains("INSERT INTO access.actions") })
        fake.find([Row(columns: ["known"], values: [.int(1)])], by: "FROM access.actions")
        #expect(types(try await react(try ended(.succeeded, isLate: true))) == ["KeyGranted", "KeyGrantRevoked"])
    }

    @Test func `what Devices never heard of has neither added nor removed a key`() async throws {
        let lock = try await withListedKey(), finish = FinishActions(fake.services("access"))
        func stored(_ kind: ActionKind, _ key: String) -> Row {
            let columns = ["action_id", "type", "lock_id", "org_id", "user_id", "created_at", "key_uuid", "key_index"]
            return Row(
                columns: columns,
                values: [
                    .text("a"), .text(kind.rawValue), .int(7), .text("acme"), .null, .int(fake.now.milliseconds), .text(key), .int(3),
                ])
        }
        #expect(types(try await finish.reconcileUnsent(stored(.addKey, "K"))) == ["KeyRemoved"])
        #expect(types(try await finish.reconcileUnsent(stored(.removeKey, "gone"))) == ["KeyGranted", "KeyGrantRevoked"])
        #expect(types(try await finish.reconcileUnsent(stored(.open, "K"))) == ["LockOpenFailed"])
        #expect(lock.key("K") != nil)
    }

    @Test func `a second end is not told twice`() {
        var action = OpenAction()
        let door = OpenAction.Door(action: "a", lock: LockID(7), uuid: "u", org: "acme")
        action.apply(.failed(door, error: "expired"))
        #expect(!action.mayStillHear(.failed(door, error: "again")))
        #expect(action.mayStillHear(.opened(door, isLate: true)))
        action.apply(.opened(door, isLate: true))
        #expect(!action.mayStillHear(.opened(door, isLate: false)))
    }
}
