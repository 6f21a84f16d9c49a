import Database
import Synchronization

/// An item of a batch, which can be failed while it waits.
protocol Batched: Sendable {
    func fail(_ error: any Error)
}

/// Items that wait to be handled in groups, a few groups at a time. Whoever has waited too long, or comes to a line that is too long, is
/// turned away: a database that hangs must not hang everybody.
final class Batcher<Item: Batched>: Sendable {
    private struct Waiting {
        let item: Item
        let deadline: ContinuousClock.Instant
    }
    private struct State {
        var queue: [Waiting] = []
        var running = 0
        var isSwept = false
    }
    private enum Place { case lane, sweep, wait, refusal }
    private let state = Mutex(State())
    private let lanes: Int
    private let timeout: Duration, limit: Int

    init(lanes: Int, timeout: Duration = .seconds(5), limit: Int = 4_000) {
        self.lanes = lanes
        self.timeout = timeout
        self.limit = limit
    }

    /// Answers whether a lane must be started for it.
    func add(_ item: Item) -> Bool {
        let place: Place = state.withLock { state in
            guard state.queue.count < limit else { return .refusal }
            state.queue.append(Waiting(item: item, deadline: .now + timeout))
            if state.running < lanes {
                state.running += 1
                return .lane
            }
            defer { state.isSwept = true }
            return state.isSwept ? .wait : .sweep
        }
        switch place {
        case .lane: return true
        case .sweep: Task { await sweep() }
        case .wait: break
        case .refusal: item.fail(DatabaseError.timedOut)
        }
        return false
    }

    /// The next group, as `pick` divides the queue into it and what waits on. Nil ends the lane.
    func next(_ pick: ([Item]) -> (group: [Item], isPicked: [Bool])) -> [Item]? {
        state.withLock { state in
            let (group, isPicked) = pick(state.queue.map(\.item))
            state.queue = zip(state.queue, isPicked).filter { !$0.1 }.map(\.0) + state.queue.dropFirst(isPicked.count)
            if group.isEmpty { state.running -= 1 }
            return group.isEmpty ? nil : group
        }
    }

    /// One timer for the whole line, while there is a line.
    private func sweep() async {
        while let late = overdue() {
            for waiting in late { waiting.item.fail(DatabaseError.timedOut) }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Nil when nobody waits any more.
    private func overdue() -> [Waiting]? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.isSwept = false
                return nil
            }
            let late = state.queue.filter { $0.deadline <= .now }
            if !late.isEmpty { state.queue.removeAll { $0.deadline <= .now } }
            return late
        }
    }
}
