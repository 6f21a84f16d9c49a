import Synchronization
import Waiting

/// Holds asks back until their replies would be heard, but not for long: a process may have just started, or lost its listening connection.
final class Ear: Sendable {
    private struct State {
        var isHearing = false
        var waiting: [@Sendable () -> Void] = []
        var alarm: Deadlines.Token?
    }
    private let state = Mutex(State())
    private static let patience = Duration.seconds(1)

    func set(_ isHearing: Bool) {
        state.withLock { $0.isHearing = isHearing }
        if isHearing { release() }
    }

    /// Calls at once, as soon as something can be heard, or after a second.
    func whenHearing(_ ask: @escaping @Sendable () -> Void) {
        let isHearing = state.withLock { state in
            if state.isHearing { return true }
            state.waiting.append(ask)
            if state.alarm == nil { state.alarm = Deadlines.shared.call(at: .now + Self.patience) { [weak self] in self?.release() } }
            return false
        }
        if isHearing { ask() }
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
