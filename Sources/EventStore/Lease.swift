import Database
import Kernel

/// The lease on one part of a subscription or on an exclusive job, measured by the database's clock. Its fencing token increases whenever
/// the lease is taken, so that writes of a former holder are rejected.
struct Lease: Sendable {
    let schema: String
    let subscription: String
    let source: String
    let part: Int
    let holder: String
    let database: any Database
    let clock: @Sendable () -> Timestamp

    /// Identifies a lease among all of a database.
    struct Key: Hashable, Comparable {
        let schema: String
        let subscription: String
        let source: String
        let part: Int

        static func < (a: Key, b: Key) -> Bool {
            (a.schema, a.subscription, a.source, a.part) < (b.schema, b.subscription, b.source, b.part)
        }
    }
    var key: Key { Key(schema: schema, subscription: subscription, source: source, part: part) }

    /// How long a lease lasts without being renewed.
    static let duration = Duration.seconds(4)
    /// A lease that seems to last longer was written before the clock was set back.
    private static let maxLength = Duration.seconds(8)

    /// Takes the lease when it is free or already this holder's. Returns its token and the checkpoint, or nil while another holder has it.
    func take() async throws -> (token: Int64, cursor: Cursor)? {
        let rows = try await database.transact([
            """
            INSERT INTO \(trusted: schema).checkpoints (subscription, source, part, epoch, transaction_id, position, holder, token, until)
            VALUES (\(subscription), \(source), \(part), 0, 0, 0, '', 0, 0) ON CONFLICT (subscription, source, part) DO NOTHING
            """,
            """
            UPDATE \(trusted: schema).checkpoints SET holder = \(holder), token = token + 1, \
            until = \(trusted: now) + \(Self.duration.milliseconds)
            WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND (until < \(trusted: now) \
            OR until > \(trusted: now) + \(Self.maxLength.milliseconds) OR holder = \(holder))
            RETURNING token, epoch, transaction_id, position
            """,
        ])
        guard let row = rows[1].rows.first, let token = try row.find("token", as: Int64.self) else { return nil }
        return (
            token, Cursor(epoch: try row.read("epoch"), transaction: try row.read("transaction_id"), position: try row.read("position"))
        )
    }

    /// Returns the statement that moves the checkpoint and renews the lease; it fails the transaction when the token is outdated.
    func advance(to cursor: Cursor, token: Int64) -> SQL {
        ("""
        UPDATE \(trusted: schema).checkpoints SET epoch = \(cursor.epoch), transaction_id = \(cursor.transaction), \
        position = \(cursor.position),
            until = \(trusted: now) + \(Self.duration.milliseconds)
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """ as SQL).required
    }

    /// Returns the statement that moves the checkpoint forward and renews the lease. A checkpoint that was moved further meanwhile stays
    /// where it is; no row is affected when the token is outdated or the lease was released.
    func pass(to cursor: Cursor, token: Int64) -> SQL {
        let isAhead: SQL = "(epoch, transaction_id, position) < (\(cursor.epoch), \(cursor.transaction), \(cursor.position))"
        return """
            UPDATE \(trusted: schema).checkpoints SET
                epoch = CASE WHEN \(fragment: isAhead) THEN \(cursor.epoch) ELSE epoch END,
                transaction_id = CASE WHEN \(fragment: isAhead) THEN \(cursor.transaction) ELSE transaction_id END,
                position = CASE WHEN \(fragment: isAhead) THEN \(cursor.position) ELSE position END,
                until = \(trusted: now) + \(Self.duration.milliseconds)
            WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
                AND until > 0
            """
    }

    /// Returns the statement that renews the lease; it fails the transaction when the token is outdated.
    func renew(token: Int64) -> SQL {
        ("""
        UPDATE \(trusted: schema).checkpoints SET until = \(trusted: now) + \(Self.duration.milliseconds)
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """ as SQL).required
    }

    /// Returns the statement that releases the lease at a shutdown, so that another process need not wait for it to expire.
    func release(token: Int64) -> SQL {
        """
        UPDATE \(trusted: schema).checkpoints SET until = 0
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """
    }

    private var now: String { database.dialect.now(clock) }
}
