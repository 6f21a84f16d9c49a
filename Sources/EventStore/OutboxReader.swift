import Database
import Kernel

/// A position in an outbox.
struct Cursor: Sendable, Equatable {
    var epoch: Int64 = 0
    var transaction: Int64 = 0
    var position: Int64 = 0
}

/// Reads an outbox as a log.
///
/// The cursor is (epoch, transaction id, position), and only rows below the oldest running transaction are read. Positions alone do not
/// suffice: they are assigned before the commit, so a slow transaction's rows would appear behind a cursor that has passed them.
struct OutboxReader: Sendable {
    let source: String
    let database: any Database
    let epoch: Int
    /// The reader's share of the shards: part `part` of `parts`.
    let part: Int
    let parts: Int

    func read(after cursor: Cursor, limit: Int) async throws -> [(Cursor, Envelope)] {
        let rows = try await database.read(
            """
            SELECT epoch, transaction_id, position, envelope, name, category, id, subject, version, at, audience, correlation, \
            causation, data
            FROM \(trusted: source).outbox
            WHERE (epoch, transaction_id, position) > (\(cursor.epoch), \(cursor.transaction), \(cursor.position))
                AND \(trusted: safe) AND shard % \(trusted: String(parts)) = \(trusted: String(part))
            ORDER BY epoch, transaction_id, position LIMIT \(limit)
            """)
        return rows.map { (place($0), envelope($0)) }
    }

    private var safe: String {
        database.dialect == .postgres
            ? "(epoch < \(epoch) OR transaction_id < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT))" : "TRUE"
    }

    // Columns are read by number: looking up a name costs more than reading the value.

    private func place(_ row: Row) -> Cursor { Cursor(epoch: int(row, 0), transaction: int(row, 1), position: int(row, 2)) }

    private func int(_ row: Row, _ column: Int) -> Int64 { if case .int(let number) = row.values[column] { number } else { 0 } }
    private func text(_ row: Row, _ column: Int) -> String? { if case .text(let text) = row.values[column] { text } else { nil } }

    private func envelope(_ row: Row) -> Envelope {
        Envelope(
            id: text(row, 3) ?? "", source: source, name: text(row, 4) ?? "", stream: StreamName(text(row, 5) ?? "", text(row, 6) ?? ""),
            subject: text(row, 7) ?? "", version: Int(int(row, 8)), at: Timestamp(milliseconds: int(row, 9)),
            audience: audience(text(row, 10)),
            trace: Trace(correlation: text(row, 11) ?? "", causation: text(row, 12)), text: text(row, 13) ?? "{}")
    }

    private func audience(_ text: String?) -> [OrgID] {
        ((try? JSON.parse(text ?? "[]"))?.items ?? []).compactMap { $0.text.map { OrgID($0) } }
    }
}
