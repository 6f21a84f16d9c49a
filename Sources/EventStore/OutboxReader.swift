import Database
import Kernel

/// A position in an outbox, in the order in which it is read.
struct Cursor: Sendable, Comparable {
    var epoch: Int64 = 0
    var transaction: Int64 = 0
    var position: Int64 = 0

    static func < (a: Cursor, b: Cursor) -> Bool { (a.epoch, a.transaction, a.position) < (b.epoch, b.transaction, b.position) }
}

/// Reads an outbox as a log.
///
/// The cursor is (epoch, transaction id, position), and only rows below the oldest running transaction are read. Positions alone do not
/// suffice: they are assigned before the commit, so a slow transaction's rows would appear behind a cursor that has passed them.
struct OutboxReader: Sendable {
    let source: String
    /// The names of the messages to read; nil for all.
    let names: Set<String>?
    let database: any Database
    let epoch: Int
    /// The reader's share of the shards: part `part` of `parts`.
    let part: Int
    let parts: Int

    /// What one read has found.
    struct Batch: Sendable {
        var messages: [(place: Cursor, envelope: Envelope)]
        /// Everything up to here has been read.
        let end: Cursor
        /// Whether more may follow at once.
        let isFull: Bool
    }

    func read(after cursor: Cursor, limit: Int) async throws -> Batch {
        let (rows, horizon) = try await database.dialect == .postgres ? logRows(cursor, limit) : fileRows(cursor, limit)
        let messages = rows.map { (place: place($0), envelope: envelope($0)) }, isFull = rows.count == limit
        let end = isFull ? messages[limit - 1].place : max(cursor, horizon, messages.last?.place ?? Cursor())
        return Batch(messages: messages, end: end, isFull: isFull)
    }

    private static let columns = """
        epoch, transaction_id, position, envelope, name, category, id, subject, version, at, audience, correlation, causation, data
        """

    /// Returns the rows below the oldest running transaction, and that horizon: both of one snapshot.
    private func logRows(_ cursor: Cursor, _ limit: Int) async throws -> ([Row], Cursor) {
        let wanted: SQL = names.map { "AND name = ANY(CAST(\(SQLValue.texts($0.sorted())) AS TEXT[]))" } ?? ""
        let rows = try await database.read(
            """
            SELECT found.*, horizon.oldest
            FROM (SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS oldest) AS horizon
            LEFT JOIN LATERAL (
                SELECT \(trusted: Self.columns) FROM \(trusted: source).outbox
                WHERE (epoch, transaction_id, position) > (\(cursor.epoch), \(cursor.transaction), \(cursor.position))
                    AND (epoch < \(epoch) OR transaction_id < horizon.oldest)
                    AND shard % \(trusted: String(parts)) = \(trusted: String(part)) \(fragment: wanted)
                ORDER BY epoch, transaction_id, position LIMIT \(limit)) AS found ON TRUE
            ORDER BY found.epoch, found.transaction_id, found.position
            """)
        let oldest = rows.first.map { int($0, 14) } ?? 0
        let isEmpty = rows.first.map { $0.values[0] == .null } ?? true
        return (isEmpty ? [] : rows, Cursor(epoch: Int64(epoch), transaction: oldest - 1, position: .max))
    }

    /// Returns the rows of a database whose transactions follow each other, and the last position before they were read.
    private func fileRows(_ cursor: Cursor, _ limit: Int) async throws -> ([Row], Cursor) {
        let wanted: SQL =
            names.map { names in
                let list = names.sorted().reduce(nil as SQL?) { list, name in list.map { "\(fragment: $0), \(name)" } ?? "\(name)" }
                return "AND name IN (\(fragment: list ?? "NULL"))"
            } ?? ""
        let answers = try await database.read([
            """
            SELECT epoch, transaction_id, position FROM \(trusted: source).outbox
            ORDER BY epoch DESC, transaction_id DESC, position DESC LIMIT 1
            """,
            """
            SELECT \(trusted: Self.columns) FROM \(trusted: source).outbox
            WHERE (epoch, transaction_id, position) > (\(cursor.epoch), \(cursor.transaction), \(cursor.position))
                AND shard % \(trusted: String(parts)) = \(trusted: String(part)) \(fragment: wanted)
            ORDER BY epoch, transaction_id, position LIMIT \(limit)
            """,
        ])
        return (answers[1].rows, answers[0].rows.first.map(place) ?? Cursor())
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
