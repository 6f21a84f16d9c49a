import Application
import Kernel
import Synchronization
import Waiting

/// Lets the commands of this process work on a stream one after another, so that they do not conflict with each other.
final class StreamLocks: Sendable {
    /// A stream that somebody works on or waits for.
    private struct Entry {
        let permit: WaitQueue<Void>
        /// Who has the permit, and who waits for it.
        var users = 0
    }
    private let entries = Mutex<[StreamName: Entry]>([:])
    /// A line longer than this, or waiting longer than this, is answered 503.
    private static let limit = 512
    private static let timeout = Duration.seconds(10)

    func take(_ stream: StreamName) async throws -> StreamLock {
        let permit = entries.withLock { entries in
            let busy = RequestError.unavailable("Too many requests wait for the same thing.", retryAfter: .seconds(1))
            var entry =
                entries[stream] ?? Entry(permit: WaitQueue([()], timeout: Self.timeout, limit: Self.limit, refusal: busy))
            entry.users += 1
            entries[stream] = entry
            return entry.permit
        }
        do { try await permit.take() } catch {
            leave(stream)
            throw error
        }
        return StreamLock { [self] in
            permit.put(())
            leave(stream)
        }
    }

    private func leave(_ stream: StreamName) {
        entries.withLock { entries in
            entries[stream]?.users -= 1
            if entries[stream]?.users == 0 { entries[stream] = nil }
        }
    }
}
