import HeapModule
import Synchronization

/// Calls back when a time has come. One timer serves the whole process, however many wait: most waits end before their deadline, and a
/// task for each would cost more than what it waits for.
public final class Deadlines: Sendable {
    public static let shared = Deadlines()

    /// Names a call that was asked for.
    public struct Token: Sendable, Hashable, Comparable {
        fileprivate let instant: ContinuousClock.Instant
        fileprivate let number: Int
        public static func < (a: Token, b: Token) -> Bool { (a.instant, a.number) < (b.instant, b.number) }
    }

    private struct State {
        var calls: [Token: @Sendable () -> Void] = [:]
        /// Also of calls that were cancelled; those are passed over.
        var order = Heap<Token>()
        var lastNumber = 0
        /// When the timer rings; nil while nobody waits. An earlier deadline begins a new one, and the old one finds itself replaced.
        var timer: Token?
    }
    private let state = Mutex(State())

    public init() {}

    /// - Parameter call: short, and run on the timer's task.
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

    /// Nothing happens for a call that has been made already.
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

    /// The calls that are due, and the next time to ring; nil when another timer has taken over.
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
