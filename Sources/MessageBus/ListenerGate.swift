import Synchronization
import Waiting

/// Holds asks back until their replies can be received, for at most a second: a process may have just started, or lost its listening connection.
final class ListenerGate: Sendable {
    private struct State {
        var isListening = false
        var waiting: [@Sendable () -> Void] = []
        var alarm: Deadlines.Token?
    }
    private let state = Mutex(State())
    private static let timeout = Duration.seconds(1)

    func set(_ isListening: Bool) {
        state.withLock { $0.isListening = isListening }
        if isListening { release() }
    }

    /// Calls at once, as soon as the process listens, or after a second.
    func whenListening(_ ask: @escaping @Sendable () -> Void) {
        let isListening = state.withLock { state in
            if state.isListening { return true }
            state.waiting.append(ask)
            if state.alarm == nil { state.alarm = Deadlines.shared.call(at: .now + Self.timeout) { [weak self] in self?.release() } }
            return false
        }
        if isListening { ask() }
    }

    private func release() {
        let waiting = state.withLock { state in
            if let alarm = state.alarm { Deadlines.shared.cancel(alarm) }
            defer { (state.waiting, state.alarm) = ([], nil) }
            return state.waiting
        }
        for ask in waiting { ask() }
    }
}
