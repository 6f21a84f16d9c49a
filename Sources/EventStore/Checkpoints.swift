public import Database
import Kernel
import Synchronization
import Waiting

/// Moves checkpoints past messages without effects and renews the leases on them: for all subscriptions of a process together, a few times
/// a second, and without waiting for the disk. What is lost with the process or the server is read again, without effect.
public final class Checkpoints: Sendable {
    private struct Entry {
        let lease: Lease
        let token: Int64
        var cursor: Cursor
    }
    private struct State {
        /// What is to be written, by lease.
        var noted: [Lease.Key: Entry] = [:]
        /// The tokens of leases that another holder has taken.
        var lost: [Lease.Key: Int64] = [:]
        /// When the next write is due.
        var alarm: (token: Deadlines.Token, instant: ContinuousClock.Instant)?
        var isWriting = false
    }
    private let state = Mutex(State())
    private let database: any Database

    /// How soon a checkpoint that has moved is written, and one whose lease is only renewed. The latter and a poll together are shorter
    /// than a lease.
    private static let delay = Duration.milliseconds(250), renewal = Duration.seconds(1)

    public init(_ database: any Database) { self.database = database }

    /// Notes that a subscription lives and has passed everything up to a cursor.
    /// - Parameter hasMoved: whether the cursor is another one than before.
    /// - Throws: `DatabaseError.unaffected` when another holder has taken the lease.
    func note(_ lease: Lease, at cursor: Cursor, token: Int64, hasMoved: Bool) throws {
        let isLost = state.withLock { state in
            let key = lease.key
            guard state.lost[key] != token else { return true }
            state.lost[key] = nil
            state.noted[key] = Entry(lease: lease, token: token, cursor: cursor)
            setAlarm(&state, after: hasMoved ? Self.delay : Self.renewal)
            return false
        }
        if isLost { throw DatabaseError.unaffected(statement: "the lease of \(lease.subscription)") }
    }

    /// Forgets what was noted of a lease that is about to be released.
    func forget(_ lease: Lease) { state.withLock { _ = $0.noted.removeValue(forKey: lease.key) } }

    private func setAlarm(_ state: inout State, after delay: Duration) {
        let instant = ContinuousClock.now + delay
        if let alarm = state.alarm {
            guard instant < alarm.instant else { return }
            Deadlines.shared.cancel(alarm.token)
        }
        let token = Deadlines.shared.call(at: instant) { [weak self] in Task { await self?.write() } }
        state.alarm = (token, instant)
    }

    private func write() async {
        let entries = state.withLock { state -> [Entry] in
            state.alarm = nil
            guard !state.isWriting else {
                setAlarm(&state, after: Self.delay)
                return []
            }
            defer { state.noted = [:] }
            state.isWriting = !state.noted.isEmpty
            return Array(state.noted.values)
        }
        guard !entries.isEmpty else { return }
        let lax: [SQL] = database.dialect == .postgres ? ["SELECT set_config('synchronous_commit', 'off', TRUE)"] : []
        // In the order of their keys, so that two processes cannot deadlock.
        let sorted = entries.sorted { $0.lease.key < $1.lease.key }
        let answers = try? await database.transact(lax + sorted.map { $0.lease.pass(to: $0.cursor, token: $0.token) })
        state.withLock { state in
            state.isWriting = false
            // When the database is away the leases run out; who holds them then is told at its next write.
            for (entry, answer) in zip(sorted, (answers ?? []).dropFirst(lax.count)) where answer.affected == 0 {
                state.lost[entry.lease.key] = entry.token
            }
        }
    }
}
