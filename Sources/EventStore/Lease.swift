import Database
import Kernel

/// The right to work on one part of a subscription, or to run an exclusive job, on the database's clock. The token rises with
/// every change of hands, so that what a former holder still tries to write is refused.
struct Lease: Sendable {
    let schema: String
    let subscription: String
    let source: String
    let part: Int
    let holder: String
    let database: any Database
    let clock: @Sendable () -> Timestamp

    /// How long a lease holds without being renewed.
    static let span = Duration.seconds(4)
    /// One that seems to hold longer was written before the clock was put back.
    private static let longest = Duration.seconds(8)

    /// Takes the lease when it is free or our own; answers its token and where to go on, or nil while another holds it.
    func take() async throws -> (token: Int64, cursor: Cursor)? {
        let rows = try await database.transact([
            """
            INSERT INTO \(trusted: schema).checkpoints (subscription, source, part, epoch, transaction_id, position, holder, token, until)
            VALUES (\(subscription), \(source), \(part), 0, 0, 0, '', 0, 0) ON CONFLICT (subscription, source, part) DO NOTHING
            """,
            """
            UPDATE \(trusted: schema).checkpoints SET holder = \(holder), token = token + 1, \
            until = \(trusted: now) + \(Self.span.milliseconds)
            WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND (until < \(trusted: now) \
            OR until > \(trusted: now) + \(Self.longest.milliseconds) OR holder = \(holder))
            RETURNING token, epoch, transaction_id, position
            """,
        ])
        guard let row = rows[1].rows.first, let token = try row.find("token", as: Int64.self) else { return nil }
        return (
            token, Cursor(epoch: try row.read("epoch"), transaction: try row.read("transaction_id"), position: try row.read("position"))
        )
    }

    /// Moves the checkpoint and prolongs the lease; fails the transaction when the token is no longer ours.
    func advance(to cursor: Cursor, token: Int64) -> SQL {
        ("""
        UPDATE \(trusted: schema).checkpoints SET epoch = \(cursor.epoch), transaction_id = \(cursor.transaction), \
        position = \(cursor.position),
            until = \(trusted: now) + \(Self.span.milliseconds)
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """ as SQL).required
    }

    /// Prolongs the lease; fails the transaction when the token is no longer ours.
    func renew(token: Int64) -> SQL {
        ("""
        UPDATE \(trusted: schema).checkpoints SET until = \(trusted: now) + \(Self.span.milliseconds)
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """ as SQL).required
    }

    /// Gives the lease back at a shutdown, so that another process need not wait for it to run out.
    func release(token: Int64) -> SQL {
        """
        UPDATE \(trusted: schema).checkpoints SET until = 0
        WHERE subscription = \(subscription) AND source = \(source) AND part = \(part) AND token = \(token)
        """
    }

    private var now: String { database.dialect.now(clock) }
}
