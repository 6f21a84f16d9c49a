public import Database
public import Kernel

/// The generations of transaction ids. Ids start again in another cluster (after a restored dump or a move from SQLite), so a cursor is
/// valid only within its epoch. A new epoch sorts after the old one, so the unread rows of the old one are read first.
public enum Epochs {
    public static let migration = Migration(
        "001-epochs",
        [
            "CREATE TABLE platform.epochs (number BIGINT PRIMARY KEY, cluster TEXT NOT NULL)"
        ])

    /// Returns the current epoch of the database. Opens a new one when the cluster is not the one of the last start.
    public static func current(of database: any Database) async throws -> Int {
        try await database.transaction { transaction in
            let cluster: String
            if database.dialect == .postgres {
                _ = try await transaction.execute("SELECT pg_advisory_xact_lock(77130002)")
                cluster = try await transaction.execute("SELECT CAST(system_identifier AS TEXT) AS id FROM pg_control_system()").rows[0]
                    .read("id")
            } else {
                cluster = "sqlite"
            }
            let last = try await transaction.execute("SELECT number, cluster FROM platform.epochs ORDER BY number DESC LIMIT 1").rows.first
            let latest = try last?.read("number", as: Int.self) ?? 0
            if let last, try last.read("cluster", as: String.self) == cluster { return latest }
            let number = latest + 1
            _ = try await transaction.execute("INSERT INTO platform.epochs (number, cluster) VALUES (\(number), \(cluster))")
            return number
        }
    }
}
