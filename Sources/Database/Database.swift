public import Kernel

/// A database as the stores use it, implemented by two drivers.
public protocol Database: Sendable {
    var dialect: Dialect { get }
    /// How often a connection was lost and opened again: the server may have been another one meanwhile, or have crashed.
    var reconnections: Int { get }
    /// Runs queries together, outside a transaction.
    func read(_ queries: [SQL]) async throws -> [Rows]
    /// Runs statements atomically, in one round trip unless one of them has `mustAffect`.
    func transact(_ statements: [SQL]) async throws -> [Rows]
    /// Runs a transaction whose statements depend on each other. Rolls back when the body throws.
    func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result
    /// Closes all connections, each after its running call.
    func close() async
}

extension Database {
    public func read(_ query: SQL) async throws -> [Row] { try await read([query])[0].rows }
}

/// A transaction in progress.
public protocol Transaction: Sendable {
    func execute(_ statements: [SQL]) async throws -> [Rows]
}

extension Transaction {
    public func execute(_ statement: SQL) async throws -> Rows { try await execute([statement])[0] }
}

/// The result of one statement.
public struct Rows: Sendable {
    public let rows: [Row]
    /// How many rows it changed or returned.
    public let affected: Int
    public init(rows: [Row], affected: Int) { (self.rows, self.affected) = (rows, affected) }
}

/// The differences between the two databases.
public enum Dialect: String, Sendable, CaseIterable {
    case postgres, sqlite

    private static let postgresClock = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"

    /// Returns the database's clock in milliseconds as an SQL expression. The leases and claims of several processes are measured by it;
    /// SQLite serves a single process, so `clock` is used there.
    public func now(_ clock: () -> Timestamp) -> String { self == .postgres ? Self.postgresClock : String(clock().milliseconds) }

    /// Returns a migration's statement with its tokens replaced, or nil when this database does not need it.
    public func render(_ statement: String) -> String? {
        let partition = "{default partition of "
        if statement.hasPrefix(partition) {
            let table = statement.dropFirst(partition.count).dropLast()
            return self == .postgres ? "CREATE TABLE \(table)_other PARTITION OF \(table) DEFAULT" : nil
        }
        let tokens: [(String, String)] =
            switch self {
            case .postgres:
                [
                    ("{identity}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"), ("{bytes}", "BYTEA"),
                    ("{sequence}", "BIGINT GENERATED ALWAYS AS IDENTITY"), ("{by range of at}", "PARTITION BY RANGE (at)"),
                    ("{transaction}", "BIGINT NOT NULL DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"),
                    ("{unlogged}", "UNLOGGED"),
                    ("{now}", Self.postgresClock),
                ]
            case .sqlite:
                [
                    ("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT"), ("{bytes}", "BLOB"),
                    ("{sequence}", "INTEGER PRIMARY KEY AUTOINCREMENT"), ("{by range of at}", ""),
                    ("{transaction}", "BIGINT NOT NULL DEFAULT 0"), ("{unlogged}", ""),
                    ("{now}", "(CAST(strftime('%s', 'now') AS INTEGER) * 1000)"),
                ]
            }
        return tokens.reduce(statement) { text, token in
            text.split(separator: token.0, omittingEmptySubsequences: false).joined(separator: token.1)
        }
    }
}

/// Why a database operation failed.
public enum DatabaseError: Error, Sendable, Equatable {
    /// No connection: the server is down, refuses, or went away before a COMMIT was sent. Nothing was changed.
    case unreachable(String)
    /// No free connection or no answer by the deadline; nothing was changed.
    case timedOut
    /// The connection ended between COMMIT and its reply: the effect may or may not have happened. Never retried blindly.
    case outcomeUnknown
    /// A unique key already exists. The name is the constraint's (PostgreSQL) or the columns' (SQLite).
    case unique(constraint: String)
    /// A CHECK constraint of a table is violated.
    case check(String)
    /// A statement that must change a row changed none; the transaction was rolled back.
    case unaffected(statement: String)
    /// Deadlock, serialisation failure or lock timeout: trying again may work.
    case contention(String)
    /// Any other error of the database. The state is the SQLSTATE (PostgreSQL, Appendix A) or SQLite's result code.
    case statement(state: String, message: String)

    /// Whether the same operation may succeed later without any change.
    public var isPassing: Bool {
        switch self {
        case .unreachable, .timedOut, .contention, .outcomeUnknown: true
        case .unique, .check, .unaffected, .statement: false
        }
    }
}
