import Application
import DevicesContracts
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Access

/// The order of push and store: what the device link refuses is not stored, what was not stored is withdrawn.
@Suite struct DevicePushTests {
    let stream = StreamName("lock", "7")

    func withLock(_ fake: FakeServices) async throws {
        fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: true) }
        fake.answer(WithdrawCommand.self) { _ in WithdrawCommand.Reply(mayHaveLeft: false) }
        let create = Request(
            path: ["id": "7"], body: ["index": 7, "uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
            caller: .key(org: "acme", isSuper: false),
            attempt: Attempt(now: fake.now))
        _ = try await CreateLock.operation.perform(create, fake.services("access"))
    }

    func open(_ fake: FakeServices) -> Request {
        Request(path: ["id": "7"], body: ["requestId": "r"], caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: fake.now))
    }

    @Test func `an accepted open is stored and can be followed`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        let response = try await OpenLock.operation.perform(open(fake), fake.services("access"))
        let sent = try #require(try fake.asked(SendCommand.self).first)
        #expect(response.status == 200 && response.headers["X-Action-Id"] == sent.action.text)
        #expect(sent.command == .unlock(reason: nil, request: "r") && sent.lifetime == 30_000 && sent.org == "acme")
        #expect(fake.types(of: stream) == ["LockCreated", "LockOpenRequested"])
        #expect(fake.rows.contains { $0.text.contains("INSERT INTO access.actions") })
    }

    @Test func `an unreachable link stores nothing`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.unreachable) }
        await #expect(throws: RequestError.deviceUnreachable("The device link did not take the command; nothing was stored.")) {
            try await OpenLock.operation.perform(open(fake), fake.services("access"))
        }
        #expect(fake.types(of: stream) == ["LockCreated"])
    }

    @Test func `a command without an answer is withdrawn`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in throw AskFailure.timedOut(name: SendCommand.name) }
        await #expect(throws: AskFailure.self) { try await OpenLock.operation.perform(open(fake), fake.services("access")) }
        #expect(try fake.asked(WithdrawCommand.self).map(\.action) == fake.asked(SendCommand.self).map(\.action))
    }

    @Test func `a command that may have left is stored, can be followed, and is told to be unknown`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.unknown) }
        let request = open(fake)
        await #expect(throws: RequestError.fateUnknown(request.action)) {
            try await OpenLock.operation.perform(request, fake.services("access"))
        }
        #expect(try fake.asked(WithdrawCommand.self).isEmpty)
        #expect(fake.types(of: stream) == ["LockCreated", "LockOpenRequested"])
    }

    @Test func `a command without an answer that may have left is unknown too`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in throw AskFailure.timedOut(name: SendCommand.name) }
        fake.answer(WithdrawCommand.self) { _ in WithdrawCommand.Reply(mayHaveLeft: true) }
        let request = open(fake)
        await #expect(throws: RequestError.fateUnknown(request.action)) {
            try await OpenLock.operation.perform(request, fake.services("access"))
        }
        #expect(fake.types(of: stream) == ["LockCreated", "LockOpenRequested"])
    }

    @Test func `a decision whose premises have changed is made anew`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        let count = Counter()
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(count.next() == 1 ? .outdated : .accepted) }
        #expect(try await OpenLock.operation.perform(open(fake), fake.services("access")).status == 200)
        let sent = try fake.asked(SendCommand.self)
        #expect(
            sent.count == 2 && sent[0].action == sent[1].action && sent[0].fence != nil
                && sent[0].premise?.about == ["lock:7", "keys:acme"])
        #expect(fake.types(of: stream) == ["LockCreated", "LockOpenRequested"])
    }

    @Test func `a conflict after the push decides again under the same action`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        fake.failNextCommit(with: CommitFailure.versionConflict)
        _ = try await OpenLock.operation.perform(open(fake), fake.services("access"))
        #expect(try fake.asked(SendCommand.self).count == 1)
        #expect(try fake.asked(WithdrawCommand.self).isEmpty)
        #expect(fake.types(of: stream) == ["LockCreated", "LockOpenRequested"])
    }

    @Test func `a push whose events cannot be stored is withdrawn`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        fake.failNextCommit(with: RequestError.unavailable("The database is not available now.", retryAfter: nil))
        await #expect(throws: RequestError.self) { try await OpenLock.operation.perform(open(fake), fake.services("access")) }
        #expect(try fake.asked(WithdrawCommand.self).count == 1)
    }

    @Test func `a caller who loses the right behind the push is not told that nothing opens`() async throws {
        for mayHaveLeft in [true, false] {
            let fake = FakeServices()
            try await withLock(fake)
            fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
            fake.answer(WithdrawCommand.self) { _ in WithdrawCommand.Reply(mayHaveLeft: mayHaveLeft) }
            fake.failNextCommit(with: RequestError.unavailable("The database is not available now.", retryAfter: nil))
            let request = open(fake),
                failure =
                    mayHaveLeft
                    ? RequestError.fateUnknown(request.action) : .unavailable("The database is not available now.", retryAfter: nil)
            await #expect(throws: failure) { try await OpenLock.operation.perform(request, fake.services("access")) }
        }
    }

    @Test func `a commit of unknown outcome is not withdrawn`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        fake.failNextCommit(with: RequestError.outcomeUnknown)
        await #expect(throws: RequestError.outcomeUnknown) { try await OpenLock.operation.perform(open(fake), fake.services("access")) }
        #expect(try fake.asked(WithdrawCommand.self).isEmpty)
    }

    @Test func `what the device's answer has healed meanwhile is not stored twice`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        fake.failNextCommit(with: CommitFailure.duplicate(constraint: "actions_pkey"))
        fake.find([Row(columns: ["known"], values: [.int(1)])], by: "FROM access.actions")
        let response = try await OpenLock.operation.perform(open(fake), fake.services("access"))
        #expect(response.status == 200 && response.headers["X-Action-Id"] != nil)
        #expect(try fake.asked(WithdrawCommand.self).isEmpty)
        #expect(fake.types(of: stream) == ["LockCreated"])
    }

    @Test func `a refused command sends nothing`() async throws {
        let fake = FakeServices()
        try await withLock(fake)
        let remove = Request(
            path: ["id": "7"], body: ["keyUuid": "gone"], caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: fake.now))
        await #expect(throws: RequestError.self) { try await RemoveKey.operation.perform(remove, fake.services("access")) }
        let foreign = Request(path: ["id": "7"], caller: .key(org: "other", isSuper: false), attempt: Attempt(now: fake.now))
        await #expect(throws: RequestError.self) { try await OpenLock.operation.perform(foreign, fake.services("access")) }
        #expect(try fake.asked(SendCommand.self).isEmpty)
    }

    @Test func `every problem of a request is reported at once`() async throws {
        let fake = FakeServices()
        let request = Request(
            path: ["id": "x"], body: ["keyUuid": "", "keyIndexNumber": "1", "userId": 7], caller: .anonymous,
            attempt: Attempt(now: fake.now))
        await #expect(
            throws: RequestError.problems([
                Problem("id", "must be a whole number"), Problem("keyUuid", "must not be empty"),
                Problem("keyIndexNumber", "must be a whole number"),
                Problem("userId", "must be a string"),
            ])
        ) { try await AddKey.operation.perform(request, fake.services("access")) }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
