import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

/// What the run that keeps a device in step sends, and what it keeps to itself.
@Suite struct KeepKeyInTimeTests {
    private struct Asleep: Error {}

    /// Runs until it ends or sleeps; answers the commands that were sent.
    private func run(_ stage: AccessStage) async throws -> [String] {
        stage.fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        let steps = Steps(run: "run", record: { _, body in try await body() }, wait: { _ in throw Asleep() }, clock: { stage.clock })
        do { _ = try await KeepKeyInTime(grant: "7/k").run(steps, stage.services) } catch is Asleep {}
        return try stage.fake.asked(SendCommand.self).map(\.command.name)
    }

    private func prepare(hasKey: Bool, _ events: [KeyGrant.Event]) async throws -> AccessStage {
        let stage = try await AccessStage(TestDatabase.current), key = Key(id: "k", index: 3, user: "bob")
        let lock = Lock.Event.created(
            Installation(lock: LockID(7), uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", owner: "ann", org: "acme"))
        try await stage.tell("7", [lock, .keyAdded(key)] + (hasKey ? [] : [.keyRemoved("k", index: 3)]), of: Lock.self)
        try await stage.tell("7/k", events, of: KeyGrant.self)
        return stage
    }

    private static let always = KeyGrantTests.terms(Validity(from: Timestamp(milliseconds: 1)))
    private static let there: [KeyGrant.Event] = [
        .granted(always, isOnDevice: false, run: "run"), .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1),
    ]

    @Test(.everyDatabase) func `a key whose time has come is sent once`() async throws {
        let stage = try await prepare(hasKey: true, [.granted(Self.always, isOnDevice: false, run: "run")])
        let first = try await run(stage), second = try await run(stage)
        #expect(first == ["add_key"] && second == ["add_key"])
    }

    @Test(.everyDatabase) func `a key that was taken from the lock is taken from the device`() async throws {
        let stage = try await prepare(hasKey: false, Self.there + [.revoked])
        let sent = try await run(stage)
        #expect(sent == ["remove_key"])
    }

    @Test(.everyDatabase) func `a key that was removed and has come back without limits stays on the device`() async throws {
        let stage = try await prepare(hasKey: true, Self.there + [.revoked])
        let sent = try await run(stage)
        #expect(sent.isEmpty)
        let grant = try await stage.state("7/k", of: KeyGrant.self)
        #expect(!grant.isOnDevice && grant.isSent)
    }

    @Test(.everyDatabase) func `a key that has left the lock is not brought to the device`() async throws {
        let stage = try await prepare(hasKey: false, [.granted(Self.always, isOnDevice: false, run: "run")])
        let sent = try await run(stage)
        #expect(sent.isEmpty)
    }

    /// A device that answers before the run has recorded that it sent the command.
    private func answered(_ outcome: CommandFinished.Outcome, _ stage: AccessStage) async throws {
        let finished = CommandFinished(
            action: "x", thing: "u", command: "remove_key", outcome: outcome, error: nil, wasPublished: true, isLate: false,
            finishedAt: stage.clock, context: try JSON(encoding: KeyMove(grant: "7/k", attempt: 2)))
        let effects = try await FollowKeys(services: stage.services).moved(finished)
        try await stage.services.store.commit(Commit(effects.appends, rows: effects.rows, trace: AccessStage.trace))
    }

    private static let intended = there + [.moveDone(attempt: 1), .revoked, .moveIntended(onto: false, attempt: 2)]

    @Test(.everyDatabase) func `a device may succeed faster than the run that told it`() async throws {
        let stage = try await prepare(hasKey: false, Self.intended)
        try await answered(.succeeded, stage)
        let grant = try await stage.state("7/k", of: KeyGrant.self)
        #expect(grant.isDone && grant.isSent && !grant.mayBeOnDevice)
        #expect(try await run(stage).isEmpty)
    }

    @Test(.everyDatabase) func `a device may fail faster than the run that told it`() async throws {
        let stage = try await prepare(hasKey: false, Self.intended)
        try await answered(.failed, stage)
        let grant = try await stage.state("7/k", of: KeyGrant.self)
        #expect(grant.attempt == 3 && grant.failures == 1 && grant.mayBeOnDevice)
    }
}
