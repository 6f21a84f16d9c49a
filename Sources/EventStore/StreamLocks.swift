import Application
import Kernel
import Synchronization
import Waiting

/// Serialises the commands of this process on each stream, so that they do not conflict with each other.
final class StreamLocks: Sendable {
    /// A stream whose lock is held or waited for.
    private struct Entry {
        let permit: WaitQueue<Void>
        /// The number of holders and waiters.
        var users = 0
    }
    private let entries = Mutex<[StreamName: Entry]>([:])
    /// A longer queue or a longer wait is answered with 503.
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
