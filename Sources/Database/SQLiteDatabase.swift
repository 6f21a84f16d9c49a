public import Kernel

/// SQLite in one file: one writer and several readers, with a write-ahead log that is synced at every commit.
public final class SQLiteDatabase: Database {
    public let dialect = Dialect.sqlite
    public let reconnections = 0
    private let members: [SQLiteConnection]
    private let writer: Pool<SQLiteConnection>
    private let readers: Pool<SQLiteConnection>

    /// - Parameters:
    ///   - path: the file; its folder must exist.
    ///   - schemas: the names that become table prefixes.
    public init(path: String, schemas: [String], readers count: Int = 3) {
        let first = SQLiteConnection(path: path, schemas: schemas, isWriter: true)
        let others = (0..<max(1, count)).map { _ in SQLiteConnection(path: path, schemas: schemas, isWriter: false) }
        members = [first] + others
        writer = Pool([first], timeout: .seconds(10), limit: 4_000)
        readers = Pool(others, timeout: .seconds(5), limit: 4_000)
    }

    public func read(_ queries: [SQL]) async throws -> [Rows] { try await readers.lend { try await $0.execute(queries) } }

    public func transact(_ statements: [SQL]) async throws -> [Rows] { try await writer.lend { try await $0.transact(statements) } }

    public func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
        try await writer.transaction(body)
    }

    public func close() async {
        for member in members { await member.close() }
    }
}
