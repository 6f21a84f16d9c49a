import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Access

/// A process died between the push of a key and its commit; the command was withdrawn, because the key is on no list.
@Suite struct WithdrawnKeyTests {
    private static let caller = Caller.key(org: "acme", isSuper: false)

    /// - Parameter body: gets the request that died; its repeat has the same action.
    private func prepare() async throws -> (AccessStage, Request, CommandFinished) {
        let stage = try await AccessStage(TestDatabase.current)
        stage.fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        let idempotency = Idempotency(key: [1]) { _ in "SELECT 1 AS none" }
        let attempt = Attempt(
            now: stage.clock + .seconds(1), idempotency: idempotency,
            identifier: { _ in UUIDText("7c9e6679-7425-40de-944b-e07fc1f90a01") })
        let request = Request(caller: Self.caller, attempt: attempt), lock = try await stage.state("7", of: Lock.self)
        let row = ActionRow(action: request.action, kind: .addKey, lock: lock, caller: Self.caller, key: "k", index: 1, at: stage.clock)
        let wire = try Lock.events.encode(.keyAdded(Key(id: "k", index: 1, user: nil)), in: lock, at: stage.clock)
        let context = PushContext(stream: "7", events: [PushContext.Event(wire)], row: row)
        let withdrawn = CommandFinished(
            action: request.action, thing: lock.thing, command: "add_key", outcome: .withdrawn, error: "the right has ended",
            wasPublished: true, isLate: false, finishedAt: stage.clock, context: try JSON(encoding: context))
        return (stage, request, withdrawn)
    }

    private func react(_ stage: AccessStage, to finished: CommandFinished) async throws {
        let effects = try await FinishActions(stage.services).react(to: finished)
        try await stage.services.store.commit(Commit(effects.appends, rows: effects.rows, trace: AccessStage.trace))
    }

    private func add(_ stage: AccessStage, _ request: Request) async throws {
        _ = try await stage.services.execute(AddKey(lock: LockID(7), key: "k", index: 1, user: nil), for: request)
    }

    private func status(_ stage: AccessStage, _ request: Request) async throws -> String? {
        try await stage.database.read("SELECT status FROM access.actions WHERE action_id = \(request.action)").first?.find("status")
    }

    @Test(.everyDatabase) func `the repeat of the request adds the key after all`() async throws {
        let (stage, request, withdrawn) = try await prepare()
        try await react(stage, to: withdrawn)
        #expect(try await status(stage, request) == "error")
        stage.pass(.seconds(1))
        try await add(stage, request)
        #expect(try await stage.state("7", of: Lock.self).key("k") != nil)
        #expect(try await status(stage, request) == "pending")
    }

    @Test(.everyDatabase) func `a device may be faster than the repeat`() async throws {
        let (stage, request, withdrawn) = try await prepare()
        try await react(stage, to: withdrawn)
        let lock = try await stage.state("7", of: Lock.self)
        let row = ActionRow(
            action: request.action, kind: .addKey, lock: lock, caller: Self.caller, key: "k", index: 1, at: request.attempt.now)
        let told = try withdrawn.context.decoded(as: PushContext.self)
        let context = PushContext(stream: "7", events: told.events, row: row)
        let succeeded = CommandFinished(
            action: request.action, thing: lock.thing, command: "add_key", outcome: .succeeded, error: nil, wasPublished: true,
            isLate: false, finishedAt: stage.clock, context: try JSON(encoding: context))
        stage.pass(.seconds(1))
        try await react(stage, to: succeeded)
        try await add(stage, request)
        #expect(try await stage.services.store.load(Lock.self, "7").state.keys.map(\.id) == ["k"])
        #expect(try await status(stage, request) == "success")
    }

    @Test(.everyDatabase) func `a key that is withdrawn before it is stored is sent again`() async throws {
        let (stage, request, withdrawn) = try await prepare()
        let sent = Mutex(0)
        stage.pass(.seconds(-1))
        stage.fake.answer(SendCommand.self) { _ in
            let isFirst = sent.withLock { count in
                count += 1
                return count == 1
            }
            guard isFirst else { return SendCommand.Reply(.accepted) }
            try await react(stage, to: withdrawn)
            stage.pass(.seconds(2))
            return SendCommand.Reply(.accepted)
        }
        try await add(stage, request)
        #expect(sent.withLock { $0 } == 2)
        #expect(try await stage.services.store.load(Lock.self, "7").state.keys.map(\.id) == ["k"])
        #expect(try await status(stage, request) == "pending")
    }

    @Test(.everyDatabase) func `a repeat that the device refuses at once is not listed`() async throws {
        let (stage, request, withdrawn) = try await prepare()
        try await react(stage, to: withdrawn)
        stage.pass(.seconds(1))
        stage.fake.answer(SendCommand.self) { _ in
            let refused = CommandFinished(
                action: request.action, thing: withdrawn.thing, command: "add_key", outcome: .failed, error: "no room",
                wasPublished: true, isLate: false, finishedAt: stage.clock, context: withdrawn.context)
            try await react(stage, to: refused)
            return SendCommand.Reply(.accepted)
        }
        try await add(stage, request)
        #expect(try await stage.services.store.load(Lock.self, "7").state.keys.isEmpty)
        let rows = try await stage.database.read("SELECT error FROM access.actions WHERE action_id = \(request.action)")
        #expect(try rows.first?.read("error", as: JSON.self)["message"]?.text == "no room")
    }

    @Test(.everyDatabase) func `a key that was stored is not added twice`() async throws {
        let (stage, request, withdrawn) = try await prepare()
        try await add(stage, request)
        stage.pass(.seconds(2))
        try await react(stage, to: withdrawn)
        try await add(stage, request)
        #expect(try await stage.services.store.load(Lock.self, "7").version == 2)
    }
}
