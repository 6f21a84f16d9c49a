public import Kernel

/// Brings schemas up to date. Safe to run from several processes at once.
public struct Migrator: Sendable {
    let database: any Database

    public init(_ database: any Database) { self.database = database }

    /// Applies the missing migrations in order, each in its own transaction.
    public func migrate(schema: String, _ migrations: [Migration]) async throws {
        if database.dialect == .postgres {
            do {
                _ = try await database.transact([
                    "SELECT pg_advisory_xact_lock(77130001)", SQL(text: "CREATE SCHEMA IF NOT EXISTS \(schema)", values: []),
                ])
            }
        }
        _ = try await database.transact(
            locked([SQL(text: "CREATE TABLE IF NOT EXISTS \(schema).migrations (name TEXT PRIMARY KEY, at BIGINT NOT NULL)", values: [])]))
        for migration in migrations { try await apply(migration, to: schema) }
    }

    private func apply(_ migration: Migration, to schema: String) async throws {
        try await database.transaction { transaction in
            _ = try await transaction.execute(locked([]))
            let done = try await transaction.execute("SELECT name FROM \(trusted: schema).migrations WHERE name = \(migration.name)")
            guard done.rows.isEmpty else { return }
            for statement in migration.statements {
                guard let text = database.dialect.render(statement) else { continue }
                _ = try await transaction.execute(SQL(text: text, values: []))
            }
            _ = try await transaction.execute("INSERT INTO \(trusted: schema).migrations (name, at) VALUES (\(migration.name), 0)")
        }
    }

    /// Returns the names of migrations that have not been applied; all of them when the schema does not exist.
    public func missing(schema: String, _ migrations: [Migration]) async throws -> [String] {
        do {
            let done = try await database.read("SELECT name FROM \(trusted: schema).migrations").map {
                try $0.read("name", as: String.self)
            }
            return migrations.map(\.name).filter { !done.contains($0) }
        } catch DatabaseError.statement {
            return migrations.map(\.name)
        }
    }

    private func locked(_ statements: [SQL]) -> [SQL] { Self.lock(database.dialect) + statements }

    /// Returns the statements that begin a migration's transaction and admit one migrator at a time. SQLite has a single writer anyway.
    public static func lock(_ dialect: Dialect) -> [SQL] { dialect == .postgres ? ["SELECT pg_advisory_xact_lock(77130001)"] : [] }
}
