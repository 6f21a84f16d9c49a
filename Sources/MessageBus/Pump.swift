import Synchronization

/// Runs work one at a time; calls during a run make it run once more.
final class Pump: Sendable {
    private enum State { case idle, running, again }
    private let state = Mutex(State.idle)

    func run(_ work: @escaping @Sendable () async -> Void) {
        let mayStart = state.withLock { state in
            defer { state = state == .idle ? .running : .again }
            return state == .idle
        }
        guard mayStart else { return }
        Task {
            repeat { await work() } while isWanted()
        }
    }

    private func isWanted() -> Bool {
        state.withLock { state in
            defer { state = state == .again ? .running : .idle }
            return state == .again
        }
    }
}
