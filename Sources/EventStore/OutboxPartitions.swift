public import Database
public import Kernel

/// Keeps an outbox from growing forever. On PostgreSQL it is partitioned by month: partitions are created ahead and dropped whole. SQLite
/// has no partitions, so old rows are deleted in small batches. Rows that a subscription has not read yet are kept.
public struct OutboxPartitions: Sendable {
    let schema: String
    /// The schemas whose subscriptions may read this outbox.
    let readers: [String]
    let database: any Database

    public init(schema: String, readers: [String], database: any Database) {
        self.schema = schema
        self.readers = readers
        self.database = database
    }

    /// How many months are created ahead.
    private static let ahead = 2
    /// The retention period; older rows may be deleted.
    public static let kept = Duration.seconds(60 * 86_400)
    /// How many rows SQLite deletes at once.
    private static let batchSize = 2_000

    /// Creates the missing partitions of the current month and of the months ahead.
    public func extend(at now: Timestamp) async throws {
        guard database.dialect == .postgres else { return }
        for month in Month(now).next(Self.ahead + 1) {
            let name = partition(of: month)
            do {
                _ = try await database.transact([
                    "SELECT pg_advisory_xact_lock(77130003)",
                    SQL(
                        text: """
                            CREATE TABLE IF NOT EXISTS \(schema).\(name) PARTITION OF \(schema).outbox
                            FOR VALUES FROM (\(month.start.milliseconds)) TO (\(month.next(2)[1].start.milliseconds))
                            """, values: []),
                ])
            } catch DatabaseError.check {
                // The partition was not created in time: the month's rows are in the default partition and stay there.
            }
        }
    }

    /// Drops what is older than `kept` and read by every subscription. Returns what it dropped: months, or a number of rows.
    @discardableResult
    public func drop(at now: Timestamp) async throws -> [String] {
        guard let floor = try await floor() else { return [] }
        return database.dialect == .postgres
            ? try await dropMonths(before: now - Self.kept, below: floor) : try await deleteRows(before: now - Self.kept, below: floor)
    }

    private func partition(of month: Month) -> String { "outbox_" + month.name }

    /// Returns the lowest checkpoint of all subscriptions to this outbox, or nil when there is none.
    private func floor() async throws -> Cursor? {
        let all = readers.map { "SELECT epoch, transaction_id, position FROM \($0).checkpoints WHERE source = '\(schema)'" }.joined(
            separator: " UNION ALL ")
        let row = try await database.read(
            SQL(
                text: "SELECT epoch, transaction_id, position FROM (\(all)) AS places ORDER BY epoch, transaction_id, position LIMIT 1",
                values: [])
        ).first
        return try row.map {
            Cursor(epoch: try $0.read("epoch"), transaction: try $0.read("transaction_id"), position: try $0.read("position"))
        }
    }

    private func dropMonths(before moment: Timestamp, below floor: Cursor) async throws -> [String] {
        let names = try await database.read(
            """
            SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = CAST(\("\(schema).outbox") AS regclass) AND c.relname LIKE 'outbox\\_2%' \
            AND c.relname < \(partition(of: Month(moment)))
            ORDER BY c.relname
            """
        ).map { try $0.read("name", as: String.self) }
        var dropped: [String] = []
        for name in names {
            let unread = try await database.read(
                """
                SELECT 1 AS unread FROM \(trusted: schema).\(trusted: name)
                WHERE (epoch, transaction_id, position) > (\(floor.epoch), \(floor.transaction), \(floor.position)) LIMIT 1
                """)
            guard unread.isEmpty else { break }
            _ = try await database.transact([SQL(text: "DROP TABLE \(schema).\(name)", values: [])])
            dropped.append(name)
        }
        return dropped
    }

    private func deleteRows(before moment: Timestamp, below floor: Cursor) async throws -> [String] {
        var gone = 0, last = 0
        repeat {
            last = try await database.transact([
                """
                DELETE FROM \(trusted: schema).outbox WHERE position IN (
                    SELECT position FROM \(trusted: schema).outbox
                    WHERE at < \(moment) AND (epoch, transaction_id, position) <= (\(floor.epoch), \(floor.transaction), \
                \(floor.position)) LIMIT \(Self.batchSize))
                """
            ])[0].affected
            gone += last
        } while last == Self.batchSize
        return gone == 0 ? [] : ["\(gone) rows"]
    }
}

/// A month in UTC.
private struct Month {
    let year: Int
    let month: Int

    init(_ moment: Timestamp) {
        let parts = moment.iso.prefix(7).split(separator: "-").compactMap { Int($0) }
        (year, month) = (parts[0], parts[1])
    }

    private init(count: Int) { (year, month) = (count / 12, count % 12 + 1) }

    var name: String { "\(year)_" + (month < 10 ? "0" : "") + "\(month)" }
    var start: Timestamp { Timestamp(iso: "\(year)-" + (month < 10 ? "0" : "") + "\(month)-01T00:00Z")! }
    /// Returns `count` months, starting with this one.
    func next(_ count: Int) -> [Month] { (0..<count).map { Month(count: year * 12 + month - 1 + $0) } }
}
