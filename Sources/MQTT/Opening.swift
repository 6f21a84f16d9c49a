import Dispatch
import Synchronization

extension MQTTClient {
    /// Creates a client off the calling thread: the library blocks while it resolves the broker's name and connects, for as long as the
    /// system lets it. On cancellation this throws at once, and the client is closed when it is ready.
    public static func open(_ settings: MQTTSettings, handlers: MQTTHandlers) async throws -> MQTTClient {
        let opening = Opening()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard opening.wait(continuation) else { return continuation.resume(throwing: CancellationError()) }
                DispatchQueue(label: "mqtt-connect").async { opening.finish(Result { try MQTTClient(settings, handlers: handlers) }) }
            }
        } onCancel: {
            opening.cancel()
        }
    }
}

/// A caller that waits for a client until it is ready or the wait is cancelled.
private final class Opening: Sendable {
    private struct State {
        var waiting: CheckedContinuation<MQTTClient, any Error>?
        var isCancelled = false
    }
    private let state = Mutex(State())

    /// Returns false when the wait was already cancelled.
    func wait(_ continuation: CheckedContinuation<MQTTClient, any Error>) -> Bool {
        state.withLock { state in
            if !state.isCancelled { state.waiting = continuation }
            return !state.isCancelled
        }
    }

    func finish(_ result: Result<MQTTClient, any Error>) {
        if let waiting = take(cancels: false) { waiting.resume(with: result) } else if case .success(let client) = result { client.close() }
    }

    func cancel() { take(cancels: true)?.resume(throwing: CancellationError()) }

    private func take(cancels: Bool) -> CheckedContinuation<MQTTClient, any Error>? {
        state.withLock { state in
            defer { state.waiting = nil; state.isCancelled = state.isCancelled || cancels }
            return state.waiting
        }
    }
}
