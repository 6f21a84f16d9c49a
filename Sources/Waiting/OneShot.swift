import Synchronization

/// A value that one task awaits, and that whoever comes first settles.
public final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
        case done
    }
    private let state = Mutex(State.open)

    public init() {}

    /// Nothing happens when it is settled already.
    public func settle(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .open: state = .settled(result)
            case .awaited(let continuation):
                state = .done
                return continuation
            case .settled, .done: break
            }
            return nil
        }
        continuation?.resume(with: result)
    }

    /// Waits for the value, once.
    /// - Parameters:
    ///   - limit: how long; nil for as long as it takes.
    ///   - error: thrown when the time is over.
    /// - Throws: what it was settled with, or `CancellationError`.
    public func value(within limit: Duration? = nil, or error: any Error = CancellationError()) async throws -> Value {
        let alarm = limit.map { limit in Deadlines.shared.call(at: .now + limit) { [self] in settle(.failure(error)) } }
        defer { if let alarm { Deadlines.shared.cancel(alarm) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Value, any Error>? in
                    if case .settled(let result) = state { state = .done; return result }
                    state = .awaited(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }
}
