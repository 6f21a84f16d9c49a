public import Database
import Kernel
import Synchronization

/// Sends NOTIFY outside writing transactions, where it would serialise all writers. At most one per channel and payload is sent at a time;
/// those requested meanwhile are sent once afterwards.
public final class Notifier: Sendable {
    private struct State {
        var waiting: Set<Notice> = []
        var isSending = false
    }
    private struct Notice: Hashable { let channel: String, payload: String }

    private let state = Mutex(State())
    private let database: any Database

    public init(_ database: any Database) { self.database = database }

    /// Returns at once. A lost notice delays its listeners only until their next poll.
    public func notify(_ channel: String, _ payload: String = "") {
        let mayStart = state.withLock { state in
            state.waiting.insert(Notice(channel: channel, payload: payload))
            defer { state.isSending = true }
            return !state.isSending
        }
        if mayStart { Task { await send() } }
    }

    private func send() async {
        while let notices = next() {
            _ = try? await database.read(notices.map { "SELECT pg_notify(\($0.channel), \($0.payload))" })
        }
    }

    private func next() -> [Notice]? {
        state.withLock { state in
            defer { state.waiting = [] }
            if state.waiting.isEmpty { state.isSending = false }
            return state.waiting.isEmpty ? nil : Array(state.waiting)
        }
    }
}
