import Database
import Synchronization
import Waiting

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
        /// For the first of the line.
        var alarm: Deadlines.Token?
    }
    private enum Place { case lane, wait, refusal }
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
            setAlarm(&state)
            return .wait
        }
        switch place {
        case .lane: return true
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

    /// All wait equally long, and what is not picked keeps its place: the first of the line is the first whose time is over.
    private func setAlarm(_ state: inout State) {
        guard state.alarm == nil, let first = state.queue.first else { return }
        state.alarm = Deadlines.shared.call(at: first.deadline) { [weak self] in self?.refuseOverdue() }
    }

    private func refuseOverdue() {
        let overdue = state.withLock { state in
            let now = ContinuousClock.now, overdue = Array(state.queue.prefix { $0.deadline <= now })
            state.queue.removeFirst(overdue.count)
            state.alarm = nil
            setAlarm(&state)
            return overdue
        }
        for waiting in overdue { waiting.item.fail(DatabaseError.timedOut) }
    }
}
