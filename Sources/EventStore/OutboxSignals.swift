import Synchronization
import Waiting

/// Wakes sleeping readers when an outbox has new rows. Wake-ups may be lost or spurious, so readers also poll.
public final class OutboxSignals: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var sleepers: [String: [Int: OneShot<Void>]] = [:]
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
        for sleeper in sleepers.values { sleeper.settle(.success(())) }
    }

    /// Returns at the next wake-up after the `seen`-th, or when the limit has passed. Throws when the task is cancelled.
    func wait(for source: String, after seen: Int, atMost limit: Duration) async throws {
        let sleeper = OneShot<Void>()
        let number = state.withLock { state -> Int? in
            guard state.counts[source, default: 0] == seen else { return nil }
            state.next += 1
            state.sleepers[source, default: [:]][state.next] = sleeper
            return state.next
        }
        guard let number else { return try Task.checkCancellation() }
        defer { state.withLock { _ = $0.sleepers[source]?.removeValue(forKey: number) } }
        do { try await sleeper.value(within: limit, or: TimeIsOver()) } catch is TimeIsOver {}
    }

    private struct TimeIsOver: Error {}
}
