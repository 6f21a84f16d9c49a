import Database
import Synchronization
import Testing

@testable import EventStore

/// Who waits for a group does not wait for ever.
@Suite struct BatcherTests {
    private struct Guest: Batched {
        let end: @Sendable (any Error) -> Void
        func fail(_ error: any Error) { end(error) }
    }

    @Test func `whoever waits behind a lane that hangs is turned away in time`() async throws {
        let gathering = Batcher<Guest>(lanes: 1, timeout: .milliseconds(200))
        #expect(gathering.add(Guest { _ in Issue.record("the first one has a lane") }))
        #expect(gathering.next { ($0, $0.map { _ in true }) }?.count == 1)
        let error = await withCheckedContinuation { continuation in
            #expect(!gathering.add(Guest { continuation.resume(returning: $0) }))
        }
        #expect(error as? DatabaseError == .timedOut)
        #expect(gathering.next { ($0, $0.map { _ in true }) } == nil)
    }

    @Test func `a line that is full takes nobody`() {
        let gathering = Batcher<Guest>(lanes: 0, limit: 2), refused = Mutex(0)
        for _ in 0..<3 { #expect(!gathering.add(Guest { _ in refused.withLock { $0 += 1 } })) }
        #expect(refused.withLock { $0 } == 1)
    }

    @Test func `what is not picked waits on, in its order`() {
        let gathering = Batcher<Numbered>(lanes: 1)
        for number in 1...4 { _ = gathering.add(Numbered(number: number)) }
        func isOdd(_ queue: [Numbered]) -> (group: [Numbered], isPicked: [Bool]) {
            (queue.filter { $0.number % 2 == 1 }, queue.map { $0.number % 2 == 1 })
        }
        #expect(gathering.next(isOdd)?.map(\.number) == [1, 3])
        #expect(gathering.next { queue in (Array(queue.prefix(1)), [true]) }?.map(\.number) == [2])
        #expect(gathering.next { queue in (queue, queue.map { _ in true }) }?.map(\.number) == [4])
    }

    private struct Numbered: Batched {
        let number: Int
        func fail(_ error: any Error) {}
    }
}
