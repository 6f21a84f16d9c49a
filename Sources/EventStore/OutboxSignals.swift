import Kernel
import Synchronization
import Waiting

/// Wakes the readers of an outbox when messages are written that they subscribe to. A wake-up may be lost, so readers also poll.
public final class OutboxSignals: Sendable {
    private let listeners = Mutex<[String: [OutboxListener]]>([:])

    public init() {}

    /// Wakes the readers that subscribe to what was written and have not read it yet.
    public func wake(_ notice: OutboxNotice) {
        for listener in listeners.withLock({ $0[notice.source] ?? [] }) { listener.hear(notice) }
    }

    /// Wakes all readers, after notices may have been missed.
    public func wakeAll() {
        for listener in listeners.withLock({ $0.values.flatMap(\.self) }) { listener.look() }
    }

    /// Returns a listener for a part of a subscription. It is kept as long as the signals are.
    /// - Parameter names: the messages that it subscribes to; nil for all.
    func listener(to source: String, names: Set<String>?, part: Int, of parts: Int) -> OutboxListener {
        let listener = OutboxListener(names: names, shards: OutboxNotice.shards(ofPart: part, of: parts))
        listeners.withLock { $0[source, default: []].append(listener) }
        return listener
    }
}

/// Tells one reader of an outbox whether there is something for it to read.
final class OutboxListener: Sendable {
    private struct State {
        /// How far there is something to read.
        var announced = Cursor()
        /// How far everything has been read.
        var read = Cursor()
        /// How far polling is left to find what is announced.
        var left = Cursor()
        /// Whether to look whatever is announced.
        var isAsked = false
        var sleeper: OneShot<Void>?
        var isBehind: Bool { isAsked || announced > max(read, left) }
    }
    private let state = Mutex(State())
    private let names: Set<String>?
    private let shards: UInt64

    init(names: Set<String>?, shards: UInt64) {
        self.names = names
        self.shards = shards
    }

    /// Whether something is announced that has not been read yet.
    var isBehind: Bool { state.withLock { $0.isBehind } }

    /// How far there is something to read.
    var announced: Cursor { state.withLock { $0.announced } }

    func hear(_ notice: OutboxNotice) {
        guard notice.shards & shards != 0 else { return }
        if let names, let written = notice.names, names.isDisjoint(with: written) { return }
        wake { state in
            state.announced = max(state.announced, notice.end)
            // An older transaction has ended, behind which what was left to polling may have been hidden.
            if notice.end > state.read, notice.end <= state.left { state.isAsked = true }
        }
    }

    func look() { wake { $0.isAsked = true } }

    private func wake(_ change: (inout State) -> Void) {
        let sleeper = state.withLock { state -> OneShot<Void>? in
            change(&state)
            guard state.isBehind else { return nil }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.settle(.success(()))
    }

    /// Notes that everything up to a place has been read.
    func hasRead(to place: Cursor) {
        state.withLock { state in
            state.read = max(state.read, place)
            state.isAsked = false
        }
    }

    /// Waits no longer for what is announced up to a place and cannot be read yet; polling finds it.
    func leaveToPolling(_ seen: Cursor) { state.withLock { $0.left = max($0.left, seen) } }

    /// Returns when there is something to read, or when the limit has passed. Throws when the task is cancelled.
    func wait(atMost limit: Duration) async throws {
        let sleeper = OneShot<Void>()
        let mustWait = state.withLock { state in
            guard !state.isBehind else { return false }
            state.sleeper = sleeper
            return true
        }
        guard mustWait else { return try Task.checkCancellation() }
        do { try await sleeper.value(within: limit, or: TimeIsOver()) } catch is TimeIsOver {}
    }

    private struct TimeIsOver: Error {}
}
