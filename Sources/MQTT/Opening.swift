import Dispatch
import Synchronization

extension MQTTClient {
    /// Makes a client on a thread of its own: the library looks up the broker's name and knocks at its port while it is called,
    /// for as long as the system lets it. Whoever is cancelled meanwhile leaves at once, and the client goes when it is there.
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

/// Somebody who waits for a client, until it is there or is not wanted any more.
private final class Opening: Sendable {
    private struct State {
        var waiting: CheckedContinuation<MQTTClient, any Error>?
        var isCancelled = false
    }
    private let state = Mutex(State())

    /// False when it was cancelled before.
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
