import Synchronization

/// Items that wait to be handled in groups, a few groups at a time.
final class Gathering<Item: Sendable>: Sendable {
    private struct State {
        var queue: [Item] = []
        var running = 0
    }
    private let state = Mutex(State())
    private let lanes: Int

    init(lanes: Int) { self.lanes = lanes }

    /// Answers whether a lane must be started for it.
    func add(_ item: Item) -> Bool {
        state.withLock { state in
            state.queue.append(item)
            guard state.running < lanes else { return false }
            state.running += 1
            return true
        }
    }

    /// The next group, as `pick` divides the queue into it and what waits on. Nil ends the lane.
    func next(_ pick: ([Item]) -> (group: [Item], rest: [Item])) -> [Item]? {
        state.withLock { state in
            let (group, rest) = pick(state.queue)
            state.queue = rest
            if group.isEmpty { state.running -= 1 }
            return group.isEmpty ? nil : group
        }
    }
}
