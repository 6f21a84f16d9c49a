import HeapModule
import Synchronization

/// Calls back at deadlines. One timer serves the whole process: most waits end before their deadline, and a task for each would cost more
/// than the wait itself.
public final class Deadlines: Sendable {
    public static let shared = Deadlines()

    /// Identifies a scheduled call.
    public struct Token: Sendable, Hashable, Comparable {
        fileprivate let instant: ContinuousClock.Instant
        fileprivate let number: Int
        public static func < (a: Token, b: Token) -> Bool { (a.instant, a.number) < (b.instant, b.number) }
    }

    private struct State {
        var calls: [Token: @Sendable () -> Void] = [:]
        /// Includes cancelled calls, which are skipped.
        var order = Heap<Token>()
        var lastNumber = 0
        /// When the timer fires; nil while nothing waits. An earlier deadline starts a new timer, which replaces the old one.
        var timer: Token?
    }
    private let state = Mutex(State())

    public init() {}

    /// - Parameter call: must be short, because it runs on the timer's task.
    public func call(at instant: ContinuousClock.Instant, _ call: @escaping @Sendable () -> Void) -> Token {
        let (token, isFirst) = state.withLock { state in
            state.lastNumber += 1
            let token = Token(instant: instant, number: state.lastNumber)
            state.calls[token] = call
            state.order.insert(token)
            let isFirst = state.timer.map { instant < $0.instant } ?? true
            if isFirst { state.timer = token }
            return (token, isFirst)
        }
        if isFirst { ring(at: token) }
        return token
    }

    /// Cancels a call; has no effect when the call has already been made.
    public func cancel(_ token: Token) { state.withLock { _ = $0.calls.removeValue(forKey: token) } }

    private func ring(at first: Token) {
        Task {
            var timer = first
            while true {
                try? await Task.sleep(until: timer.instant)
                guard let (due, next) = elapsed(for: timer) else { return }
                for call in due { call() }
                guard let next else { return }
                timer = next
            }
        }
    }

    /// Returns the calls that are due and the next time to fire; nil when another timer has taken over.
    private func elapsed(for timer: Token) -> (due: [@Sendable () -> Void], next: Token?)? {
        state.withLock { state in
            guard state.timer == timer else { return nil }
            var due: [@Sendable () -> Void] = []
            let now = ContinuousClock.now
            while let token = state.order.min, token.instant <= now || state.calls[token] == nil {
                state.order.removeMin()
                if let call = state.calls.removeValue(forKey: token) { due.append(call) }
            }
            state.timer = state.order.min
            return (due, state.timer)
        }
    }
}
