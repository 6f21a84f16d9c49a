import Database
import Kernel
import KernelTesting
import Testing

@testable import EventStore

/// Only those wake up who hear what was written and have not read it.
@Suite struct OutboxSignalsTests {
    private static func place(_ number: Int64) -> EventStore.Cursor { EventStore.Cursor(epoch: 1, transaction: number, position: number) }

    private func notice(_ names: Set<String>?, shards: UInt64 = 1, at place: Int64) -> OutboxNotice {
        OutboxNotice(source: "access", names: names, shards: shards, end: Self.place(place))
    }

    @Test func `a reader is behind when what it hears was written, in its shards, and not yet read`() {
        let signals = OutboxSignals(), listener = signals.listener(to: "access", names: ["KeyAdded"], part: 0, of: 4)
        for notice in [
            notice(["LockOpened"], at: 1), notice(["KeyAdded"], shards: 0b0010, at: 1),
            OutboxNotice(source: "identity", names: nil, shards: .max, end: Self.place(1)),
        ] {
            signals.wake(notice)
            #expect(!listener.isBehind)
        }
        signals.wake(notice(["LockOpened", "KeyAdded"], shards: 0b1_0000, at: 2))
        #expect(listener.isBehind)
        listener.hasRead(to: Self.place(1))
        #expect(listener.isBehind)
        listener.hasRead(to: Self.place(2))
        #expect(!listener.isBehind)
        // It was read before its notice came.
        signals.wake(notice(["KeyAdded"], at: 2))
        #expect(!listener.isBehind)
        signals.wake(notice(nil, at: 3))
        #expect(listener.isBehind)
        listener.leaveToPolling(Self.place(3))
        #expect(!listener.isBehind)
        // An older transaction has ended behind it.
        listener.leaveToPolling(Self.place(9))
        signals.wake(notice(["KeyAdded"], at: 8))
        #expect(listener.isBehind)
    }

    @Test func `a reader that hears everything, and all when notices may have been missed`() {
        let signals = OutboxSignals(), listener = signals.listener(to: "access", names: nil, part: 0, of: 1)
        signals.wake(notice(["Whatever"], at: 1))
        #expect(listener.isBehind)
        listener.hasRead(to: Self.place(9))
        signals.wakeAll()
        #expect(listener.isBehind)
        listener.hasRead(to: Self.place(9))
        #expect(!listener.isBehind)
    }

    @Test func `a sleeper is woken by its notice, and not by another's`() async throws {
        let signals = OutboxSignals(), listener = signals.listener(to: "access", names: ["KeyAdded"], part: 0, of: 1)
        let sleeping = Task { try await listener.wait(atMost: .seconds(30)) }
        signals.wake(notice(["LockOpened"], at: 1))
        signals.wake(notice(["KeyAdded"], at: 2))
        try await sleeping.value
        #expect(listener.isBehind)
        listener.leaveToPolling(listener.announced)
        let cancelled = Task { try await listener.wait(atMost: .seconds(30)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    @Test func `parts of a subscription divide the shards`() {
        let parts = (0..<4).map { OutboxNotice.shards(ofPart: $0, of: 4) }
        #expect(parts.reduce(0, |) == .max && parts.allSatisfy { $0.nonzeroBitCount == 16 })
        #expect(OutboxNotice.shards(ofPart: 0, of: 1) == .max)
    }

    @Test func `a notice travels as text`() {
        for notice in [notice(["KeyAdded", "LockOpened"], shards: 1 << 63 | 5, at: 77), notice(nil, at: 1)] {
            #expect(OutboxNotice(notice.text) == notice)
        }
        let long = notice(Set((0..<1_000).map { "AnEventWithALongName\($0)" }), at: 1)
        #expect(long.text.utf8.count < 8_000 && OutboxNotice(long.text)?.names == nil)
        for text in ["", "access", "access 1 2 3 zz A", "access 1 2 x 1 A", "access 1 2 3 1"] { #expect(OutboxNotice(text) == nil) }
    }

    @Test func `a commit tells what it wrote`() throws {
        let counter = Snapshot<Counter>(stream: Counter.stream("1"), state: Counter(), version: 0, changedAt: Timestamp(milliseconds: 0))
        let append = try Append([.counted(by: 1), .named("a")], to: counter, at: Timestamp(milliseconds: 1))
        let commit = Commit([append], trace: Trace(correlation: "", causation: nil))
        let notice = try #require(OutboxNotice([commit], in: "alpha", end: Self.place(3)))
        #expect(notice.names == ["Counted", "Named"] && notice.shards == 1 << UInt64(Shard.of(Counter.stream("1"))))
        #expect(OutboxNotice([commit], in: "alpha", end: nil) == nil)
    }

    /// A lease on the checkpoint of `listener`, as a subscription takes it.
    private func taken(_ stage: Stage, by holder: String) async throws -> (lease: Lease, token: Int64) {
        let lease = Lease(
            schema: "beta", subscription: "listener", source: "alpha", part: 0, holder: holder, database: stage.database, clock: Stage.clock
        )
        return (lease, try #require(try await lease.take()).token)
    }

    private func position(_ stage: Stage) async throws -> Int64? {
        try await stage.database.read("SELECT position FROM beta.checkpoints").first?.find("position")
    }

    @Test(.everyDatabase) func `a checkpoint is passed on soon, and never back`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), (lease, token) = try await taken(stage, by: "one")
        try stage.checkpoints.note(lease, at: Self.place(5), token: token, hasMoved: true)
        #expect(try await eventually { try await position(stage) == 5 })
        // What was committed with effects meanwhile is further.
        _ = try await database.transact([lease.advance(to: Self.place(9), token: token)])
        _ = try await database.transact([lease.pass(to: Self.place(7), token: token)])
        #expect(try await position(stage) == 9)
    }

    @Test(.everyDatabase) func `who has lost the lease is told`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), (lease, token) = try await taken(stage, by: "one")
        _ = try await database.transact(["UPDATE beta.checkpoints SET until = 0"])
        _ = try await taken(stage, by: "two")
        let isTold = try await eventually {
            do { try stage.checkpoints.note(lease, at: Self.place(5), token: token, hasMoved: true) } catch { return true }
            return false
        }
        #expect(isTold)
        #expect(try await position(stage) == 0)
    }
}
