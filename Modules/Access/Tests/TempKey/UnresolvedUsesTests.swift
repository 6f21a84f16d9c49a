import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

/// Uses reserved by requests that died before anybody knew whether the door was told.
@Suite struct UnresolvedUsesTests {
    private struct Status: Equatable {
        let used: Int
        let waiting: Int
    }

    private struct Stage {
        let access: AccessStage
        let action: ActionID = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7caa"
        var uses: UnresolvedUses { UnresolvedUses(services: access.services) }

        func status() async throws -> Status {
            let key = try await access.state(TempKeyTests.id.text, of: TempKey.self)
            return Status(
                used: key.usedCount, waiting: try await access.database.read("SELECT action_id FROM access.unsettled_uses").count)
        }

        /// A lock, a key of one use, and a request that has reserved it and got no further.
        init(_ database: any Database) async throws {
            access = try await AccessStage(database)
            access.fake.answer(WithdrawCommand.self) { _ in WithdrawCommand.Reply(mayHaveLeft: false) }
            let definition = TempKey.Definition(
                id: TempKeyTests.id, isShared: false, doors: [TempKeyTests.door(1, 7)], users: nil, from: Timestamp(milliseconds: 1),
                until: Timestamp(milliseconds: 2_000_000), maxUses: 1, description: nil, sealedPin: nil, createdBy: "acme",
                createdAt: access.clock)
            try await access.tell("7", [TempKeyTests.lock], of: Lock.self)
            try await access.tell(TempKeyTests.id.text, [.created(definition)], of: TempKey.self)
            let opening = GuestOpening(services: access.services, request: Request(caller: .anonymous, attempt: Attempt(now: access.clock)))
            _ = try await opening.reserve(TempKeyTests.id, nil, false, action)
        }

        /// The row that is stored when the door was told.
        func tellDoor() async throws {
            let lock = try await access.state("7", of: Lock.self)
            _ = try await access.database.transact([
                ActionRow(action: action, kind: .open, lock: lock, caller: .anonymous, at: access.clock).insert
            ])
        }
    }

    private func prepare() async throws -> Stage { try await Stage(TestDatabase.current) }

    @Test(.everyDatabase) func `a use of which nothing came goes back to the key, once, and its command is barred`() async throws {
        let stage = try await prepare()
        #expect(try await stage.status() == Status(used: 1, waiting: 1))
        stage.access.pass(UnresolvedUses.timeout + .seconds(1))
        for _ in 0..<2 { try await stage.uses.reconcile() }
        #expect(try await stage.status() == Status(used: 0, waiting: 0))
        #expect(try stage.access.fake.asked(WithdrawCommand.self).map(\.action) == [stage.action])
    }

    @Test(.everyDatabase) func `a request that may still live keeps its use`() async throws {
        let stage = try await prepare()
        stage.access.pass(UnresolvedUses.timeout - .seconds(1))
        try await stage.uses.reconcile()
        #expect(try await stage.status() == Status(used: 1, waiting: 1))
    }

    @Test(.everyDatabase) func `a use of which the door was told is spent`() async throws {
        let stage = try await prepare()
        try await stage.tellDoor()
        stage.access.pass(UnresolvedUses.timeout + .seconds(1))
        try await stage.uses.reconcile()
        #expect(try await stage.status() == Status(used: 1, waiting: 0))
        #expect(try stage.access.fake.asked(WithdrawCommand.self).isEmpty)
    }

    @Test(.everyDatabase) func `a door that is told while the use is looked at spends it`() async throws {
        let stage = try await prepare()
        stage.access.fake.answer(WithdrawCommand.self) { _ in
            try await stage.tellDoor()
            return WithdrawCommand.Reply(mayHaveLeft: false)
        }
        stage.access.pass(UnresolvedUses.timeout + .seconds(1))
        try await stage.uses.reconcile()
        #expect(try await stage.status() == Status(used: 1, waiting: 1))
        try await stage.uses.reconcile()
        #expect(try await stage.status() == Status(used: 1, waiting: 0))
    }

    @Test(.everyDatabase) func `while the devices do not answer, nothing is given back`() async throws {
        let stage = try await prepare()
        stage.access.fake.answer(WithdrawCommand.self) { _ in throw AskFailure.timedOut(name: WithdrawCommand.name) }
        stage.access.pass(UnresolvedUses.timeout + .seconds(1))
        try await stage.uses.reconcile()
        #expect(try await stage.status() == Status(used: 1, waiting: 1))
    }

    @Test(.everyDatabase) func `a push that fails leaves nothing to reconcile`() async throws {
        let stage = try await prepare()
        try await stage.uses.giveBack(stage.action, to: TempKeyTests.id, AccessStage.trace)
        #expect(try await stage.status() == Status(used: 0, waiting: 0))
    }
}
