import Logging
import Synchronization

/// Logs one line, with the request id, for each request that failed on our side; under many failures, only some and the number left out.
final class FailureLog: Sendable {
    private struct State {
        var since = ContinuousClock.now
        var written = 0
        var left = 0
    }
    private let state = Mutex(State())
    private static let duration = Duration.seconds(10), limit = 20

    func note(_ operation: String, _ status: Int, _ request: String, _ error: any Error, _ log: Logger) {
        let (isWritten, left) = state.withLock { state -> (Bool, Int) in
            var before = 0
            if state.since.duration(to: .now) > Self.duration { (before, state) = (state.left, State()) }
            guard state.written < Self.limit else {
                state.left += 1
                return (false, before)
            }
            state.written += 1
            return (true, before)
        }
        if left > 0 { log.error("More requests failed than were written", metadata: ["left": "\(left)"]) }
        guard isWritten else { return }
        log.error(
            "A request failed",
            metadata: ["operation": "\(operation)", "status": "\(status)", "request": "\(request)", "error": "\(error)"])
    }
}
