import Synchronization

/// A value that one task awaits; the first call of `settle` sets it.
public final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
        case done
    }
    private let state = Mutex(State.open)

    public init() {}

    /// Sets the result; has no effect when it is already set.
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
    ///   - limit: How long to wait; nil waits as long as it takes.
    ///   - error: Thrown when the time is over.
    ///   - isCancellable: Whether cancelling the task ends the wait. False where the caller must learn what became of something that
    ///     has begun, such as a command on its way to a device.
    /// - Throws: The failure that settled it, or `CancellationError`.
    public func value(within limit: Duration? = nil, or error: any Error = CancellationError(), isCancellable: Bool = true) async throws
        -> Value
    {
        let alarm = limit.map { limit in Deadlines.shared.call(at: .now + limit) { [self] in settle(.failure(error)) } }
        defer { if let alarm { Deadlines.shared.cancel(alarm) } }
        guard isCancellable else { return try await settled() }
        return try await withTaskCancellationHandler {
            try await settled()
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }

    private func settled() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                if case .settled(let result) = state { state = .done; return result }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
