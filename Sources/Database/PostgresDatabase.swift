public import Kernel

/// PostgreSQL through a pool of connections.
public final class PostgresDatabase: Database {
    public let dialect = Dialect.postgres
    public let settings: PostgresSettings
    public var reconnections: Int { losses.count }
    private let losses = Losses()
    private let members: [PostgresConnection]
    private let pool: Pool<PostgresConnection>

    /// - Parameter connections: how many run at once; others wait in line, at most 4,000 and no longer than 5 s.
    public init(_ settings: PostgresSettings, connections: Int) {
        self.settings = settings
        members = (0..<max(1, connections)).map { [losses] _ in PostgresConnection(settings: settings, losses: losses) }
        pool = Pool(members, timeout: .seconds(5), limit: 4_000)
    }

    public func read(_ queries: [SQL]) async throws -> [Rows] { try await pool.lend { try await $0.read(queries) } }

    public func transact(_ statements: [SQL]) async throws -> [Rows] { try await pool.lend { try await $0.transact(statements) } }

    public func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
        try await pool.transaction(body)
    }

    public func close() async {
        for member in members { await member.close() }
    }
}
