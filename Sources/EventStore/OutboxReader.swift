import Database
import Kernel

/// A place in an outbox.
struct Cursor: Sendable, Equatable {
    var epoch: Int64 = 0
    var transaction: Int64 = 0
    var position: Int64 = 0
}

/// Reads an outbox as a log.
///
/// The cursor is (epoch, transaction id, position), and only rows below the oldest transaction still running are read: positions
/// alone are given out before commits, so that a slow transaction's rows would appear behind a cursor that has passed them.
struct OutboxReader: Sendable {
    let source: String
    let database: any Database
    let epoch: Int
    /// The share of the shards: part `part` of `parts`.
    let part: Int
    let parts: Int

    func read(after cursor: Cursor, limit: Int) async throws -> [(Cursor, Envelope)] {
        let rows = try await database.read(
            """
            SELECT epoch, transaction_id, position, envelope, name, category, id, subject, version, at, audience, correlation, causation, data
            FROM \(trusted: source).outbox
            WHERE (epoch, transaction_id, position) > (\(cursor.epoch), \(cursor.transaction), \(cursor.position))
                AND \(trusted: safe) AND shard % \(trusted: String(parts)) = \(trusted: String(part))
            ORDER BY epoch, transaction_id, position LIMIT \(limit)
            """)
        return rows.map { row in
            let place = Cursor(epoch: row.int("epoch") ?? 0, transaction: row.int("transaction_id") ?? 0, position: row.int("position") ?? 0)
            return (place, envelope(row))
        }
    }

    private var safe: String {
        database.dialect == .postgres
            ? "(epoch < \(epoch) OR transaction_id < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT))" : "TRUE"
    }

    private func envelope(_ row: Row) -> Envelope {
        Envelope(
            id: row.text("envelope") ?? "", source: source, name: row.text("name") ?? "",
            stream: StreamName(row.text("category") ?? "", row.text("id") ?? ""), subject: row.text("subject") ?? "",
            version: Int(row.int("version") ?? 0), at: row.moment("at") ?? Moment(milliseconds: 0),
            audience: (row.json("audience")?.items ?? []).compactMap { $0.text.map { OrgID($0) } },
            trace: Trace(correlation: row.text("correlation") ?? "", causation: row.text("causation")), data: row.json("data")?.members ?? [:])
    }
}
