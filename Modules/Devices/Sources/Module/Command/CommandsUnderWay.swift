import Synchronization

/// The requests whose commands are being stored: an open's two commands belong to one request.
final class CommandsUnderWay: Sendable {
    private struct State {
        /// Requests are numbered in the order in which they begin.
        var last = 0
        var running: Set<Int> = []
        var waiting: [(latest: Int, isOver: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    func during<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let number = state.withLock { state in
            state.last += 1
            state.running.insert(state.last)
            return state.last
        }
        defer { end(number) }
        return try await body()
    }

    private func end(_ number: Int) {
        let over = state.withLock { state in
            state.running.remove(number)
            let oldest = state.running.min() ?? .max
            defer { state.waiting.removeAll { $0.latest < oldest } }
            return state.waiting.filter { $0.latest < oldest }
        }
        for waiting in over { waiting.isOver.resume() }
    }

    /// Waits until the requests that are under way now are over. Each of them has a deadline.
    func waitForRunning() async {
        await withCheckedContinuation { isOver in
            let isIdle = state.withLock { state in
                if !state.running.isEmpty { state.waiting.append((state.last, isOver)) }
                return state.running.isEmpty
            }
            if isIdle { isOver.resume() }
        }
    }
}
