public import Database
import Kernel
import Synchronization

/// Sends NOTIFY outside writing transactions, where it would serialise all writers. At most one per channel and payload is sent at a time;
/// those requested meanwhile are sent once afterwards, together.
public final class Notifier: Sendable {
    private struct State {
        /// Each with what to call if it cannot be sent.
        var waiting: [Notice: [@Sendable () -> Void]] = [:]
        var isSending = false
    }
    private struct Notice: Hashable { let channel: String, payload: String }

    private let state = Mutex(State())
    private let database: any Database

    public init(_ database: any Database) { self.database = database }

    /// Returns at once. A notice may be lost on its way, which delays its listeners only until their next poll.
    /// - Parameter failed: called if the server did not take it.
    public func notify(_ channel: String, _ payload: String = "", failed: (@Sendable () -> Void)? = nil) {
        let notice = Notice(channel: channel, payload: payload)
        let mayStart = state.withLock { state in
            state.waiting[notice, default: []] += failed.map { [$0] } ?? []
            defer { state.isSending = true }
            return !state.isSending
        }
        if mayStart { Task { await work() } }
    }

    private func work() async {
        while let notices = next() {
            do { _ = try await database.read(notices.keys.map { "SELECT pg_notify(\($0.channel), \($0.payload))" }) } catch {
                for failed in notices.values.flatMap(\.self) { failed() }
            }
        }
    }

    private func next() -> [Notice: [@Sendable () -> Void]]? {
        state.withLock { state in
            defer { state.waiting = [:] }
            if state.waiting.isEmpty { state.isSending = false }
            return state.waiting.isEmpty ? nil : state.waiting
        }
    }
}
