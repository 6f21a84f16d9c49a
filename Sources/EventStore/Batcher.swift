import Database
import Synchronization
import Waiting

/// An item of a batch that can fail while it waits.
protocol Batched: Sendable {
    func fail(_ error: any Error)
}

/// Queues items and hands them out in groups, with a few groups in progress at a time. Items that wait too long, or arrive when the queue
/// is full, fail: a database that hangs must not block every caller.
final class Batcher<Item: Batched>: Sendable {
    private struct Waiting {
        let item: Item
        let deadline: ContinuousClock.Instant
    }
    private struct State {
        var queue: [Waiting] = []
        var running = 0
        /// Fires at the deadline of the first item.
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

    /// Adds an item and returns whether the caller must start a lane.
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

    /// Returns the next group; nil ends the lane. `pick` divides the queue into the group and the items that keep waiting.
    func next(_ pick: ([Item]) -> (group: [Item], isPicked: [Bool])) -> [Item]? {
        state.withLock { state in
            let (group, isPicked) = pick(state.queue.map(\.item))
            state.queue = zip(state.queue, isPicked).filter { !$0.1 }.map(\.0) + state.queue.dropFirst(isPicked.count)
            if group.isEmpty { state.running -= 1 }
            return group.isEmpty ? nil : group
        }
    }

    /// Sets the alarm for the first item. All items have the same timeout and keep their order, so the first one expires first.
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
