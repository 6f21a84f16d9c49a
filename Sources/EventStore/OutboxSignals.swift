import Synchronization

/// Tells sleeping readers that an outbox has something new. A wake-up may be lost or come for nothing; readers also poll.
public final class OutboxSignals: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var sleepers: [String: [Int: CheckedContinuation<Void, Never>]] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    public init() {}

    func count(of source: String) -> Int { state.withLock { $0.counts[source, default: 0] } }

    /// Wakes every reader of the source.
    public func wake(_ source: String) {
        let sleepers = state.withLock { state in
            state.counts[source, default: 0] += 1
            return state.sleepers.removeValue(forKey: source) ?? [:]
        }
        for sleeper in sleepers.values { sleeper.resume() }
    }

    /// Returns at the next wake-up after the `seen`-th, or when the time is over. Throws when the task is cancelled.
    func wait(for source: String, after seen: Int, atMost limit: Duration) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let alarm = Task { [weak self] in
            try await Task.sleep(for: limit)
            self?.end(source, number)
        }
        defer { alarm.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.counts[source, default: 0] != seen || Task.isCancelled { return true }
                    state.sleepers[source, default: [:]][number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end(source, number)
        }
        try Task.checkCancellation()
    }

    private func end(_ source: String, _ number: Int) {
        state.withLock { $0.sleepers[source]?.removeValue(forKey: number) }?.resume()
    }
}
