import Application
import Kernel
import Synchronization

/// Lets the commands of this process work on a stream one after another, so that they do not conflict with each other.
final class StreamLocks: Sendable {
    private struct State {
        /// Who waits for a stream that is taken.
        var lines: [StreamName: [(number: Int, continuation: CheckedContinuation<Void, any Error>)]] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    /// A line longer than this, or waiting longer than this, is answered 503.
    private static let longest = 512
    private static let timeout = Duration.seconds(10)

    func take(_ stream: StreamName) async throws -> StreamLock {
        let lock = StreamLock { [self] in pass(stream) }
        let isFree = state.withLock { state in
            guard state.lines[stream] == nil else { return false }
            state.lines[stream] = []
            return true
        }
        if !isFree { try await wait(for: stream) }
        return lock
    }

    private func wait(for stream: StreamName) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let alarm = Task { [weak self] in
            try await Task.sleep(for: Self.timeout)
            self?.leave(stream, number)
        }
        defer { alarm.cancel() }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                guard let line = state.lines[stream] else {
                    state.lines[stream] = []
                    return .success(())
                }
                guard line.count < Self.longest else { return .failure(Self.busy) }
                state.lines[stream]?.append((number, continuation))
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    private static var busy: RequestError { .unavailable("Too many requests wait for the same thing.", retryAfter: .seconds(1)) }

    private func leave(_ stream: StreamName, _ number: Int) {
        let waiter = state.withLock { state in
            state.lines[stream]?.firstIndex { $0.number == number }.flatMap { state.lines[stream]?.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: Self.busy)
    }

    private func pass(_ stream: StreamName) {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let line = state.lines[stream], !line.isEmpty else {
                state.lines[stream] = nil
                return nil
            }
            return state.lines[stream]?.removeFirst().continuation
        }
        next?.resume()
    }
}
