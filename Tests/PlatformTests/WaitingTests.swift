import Synchronization
import Testing
import Waiting

/// Waiting with a deadline: one timer, values that come once, lines.
@Suite struct WaitingTests {
    private struct Late: Error {}

    private final class Held: Sendable {
        private let values = Mutex<Set<Int>>([])
        func insert(_ value: Int) -> Bool { values.withLock { $0.insert(value).inserted } }
        func remove(_ value: Int) { values.withLock { _ = $0.remove(value) } }
    }

    @Test func `calls come in the order of their time, and not when they are cancelled`() async throws {
        let deadlines = Deadlines(), order = Mutex<[Int]>([]), done = OneShot<Void>(), start = ContinuousClock.now
        func call(_ number: Int, after pause: Duration) -> Deadlines.Token {
            deadlines.call(at: start + pause) { order.withLock { $0.append(number) } }
        }
        _ = deadlines.call(at: start + .milliseconds(120)) { done.settle(.success(())) }
        _ = call(3, after: .milliseconds(60))
        let cancelled = call(2, after: .milliseconds(40))
        _ = call(1, after: .milliseconds(20))  // earlier than all before: the timer begins anew
        deadlines.cancel(cancelled)
        try await done.value(within: .seconds(20))
        #expect(order.withLock { $0 } == [1, 3])
        #expect(start.duration(to: .now) >= .milliseconds(120))
    }

    @Test func `a timer that has nothing to do any more begins again`() async throws {
        let deadlines = Deadlines()
        for _ in 0..<3 {
            let done = OneShot<Void>()
            deadlines.cancel(deadlines.call(at: .now + .milliseconds(1)) { Issue.record("a cancelled call") })
            _ = deadlines.call(at: .now + .milliseconds(5)) { done.settle(.success(())) }
            try await done.value(within: .seconds(20))
        }
    }

    @Test func `the first to settle a value wins`() async throws {
        let early = OneShot<Int>(), late = OneShot<Int>()
        early.settle(.success(1))
        early.settle(.success(2))
        #expect(try await early.value() == 1)
        Task { late.settle(.success(3)) }
        #expect(try await late.value(within: .seconds(20), or: Late()) == 3)
    }

    @Test func `nobody waits longer than they want, or than their task lives`() async throws {
        await #expect(throws: Late.self) { try await OneShot<Int>().value(within: .milliseconds(5), or: Late()) }
        await #expect(throws: Late.self) { try await OneShot<Int>().value(within: .zero, or: Late()) }
        let task = Task { try await OneShot<Int>().value() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let stubborn = OneShot<Int>(), other = Task { try await stubborn.value(isCancellable: false) }
        other.cancel()
        stubborn.settle(.success(5))
        #expect(try await other.value == 5)
    }

    @Test func `values go to those who wait, in their order`() async throws {
        let queue = WaitQueue(["a"], timeout: .seconds(20), limit: 10, refusal: Late())
        #expect(try await queue.take() == "a")
        let first = Task { try await queue.take() }
        while queue.waiting < 1 { await Task.yield() }
        let second = Task { try await queue.take() }
        while queue.waiting < 2 { await Task.yield() }
        queue.put("b")
        queue.put("c")
        #expect(try await [first.value, second.value] == ["b", "c"])
        queue.put("d")
        #expect(try await queue.take() == "d")
    }

    @Test func `a line has its length and its time`() async throws {
        let queue = WaitQueue<Int>(timeout: .milliseconds(30), limit: 1, refusal: Late())
        let waiting = Task { try await queue.take() }
        while queue.waiting < 1 { await Task.yield() }
        await #expect(throws: Late.self) { try await queue.take() }
        await #expect(throws: Late.self) { try await waiting.value }
        // Who has left is not given anything.
        let gone = Task { try await queue.take() }
        while queue.waiting < 1 { await Task.yield() }
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        queue.put(7)
        #expect(try await queue.take() == 7)
    }

    @Test func `of many who take and give back at once all are served`() async throws {
        let queue = WaitQueue([0, 1, 2], timeout: .seconds(60), limit: 1_000, refusal: Late()), held = Held()
        try await withThrowingTaskGroup { group in
            for _ in 0..<300 {
                group.addTask {
                    let value = try await queue.take()
                    #expect(held.insert(value), "two have the same")
                    await Task.yield()
                    held.remove(value)
                    queue.put(value)
                }
            }
            try await group.waitForAll()
        }
        #expect(queue.waiting == 0)
    }
}
