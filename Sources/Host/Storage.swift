import Application
import Database
import EventStore
import Foundation
import HTTPEdge
import Kernel
import MessageBus
import Workflows

/// The database of a process and its schemas.
struct Storage: Sendable {
    let database: any Database
    /// Nil on SQLite.
    let postgres: PostgresSettings?
    /// Whether this process is the only one that writes; nil on SQLite, which is asked within the process.
    let membership: SoleMembership?
    /// The database file; nil on PostgreSQL.
    let path: String?

    /// The schema of the edge and the bus, in addition to those of the modules.
    static let platform = "platform"
    private static let platformMigrations = [
        CredentialDirectory.migration, Epochs.migration, PostgresAsks.migration, PersonKeys.migration, Tables.idempotency(for: platform),
        CredentialDirectory.suspensions, CredentialDirectory.signIns, CredentialDirectory.dismissals, Fences.migration,
        AccessKeys.migration, WritingProcess.migration,
    ]

    /// - Parameter modules: those to whose schemas the process may write.
    init(_ settings: Settings, for modules: [Module] = Modules.all) throws {
        let url = settings[HostSettings.database]
        if url.hasPrefix("sqlite:") {
            let path = String(url.dropFirst("sqlite:".count))
            try FileManager.default.createDirectory(at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            database = SQLiteDatabase(path: path, schemas: Modules.all.map(\.name) + [Self.platform])
            (postgres, membership, self.path) = (nil, nil, path)
        } else if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") {
            let process = WritingProcess(of: modules.map(\.name) + [Self.platform])
            let reach = PostgresSettings(conninfo: url, process: process)
            let base = PostgresDatabase(reach, connections: settings[HostSettings.databasePool])
            let membership = SoleMembership(process, base, uptime: Clocks.uptime)
            database = WatchedDatabase(base, membership)
            (postgres, self.membership, path) = (reach, membership, nil)
        } else {
            throw ConfigurationError("SPKEY_DATABASE_URL must be sqlite:PATH or postgres://…")
        }
    }

    var jobs: [Job] {
        membership.map { membership in [Job.every(.seconds(1), "sole-membership") { await membership.look() }] } ?? []
    }

    /// Brings the platform's schema and those of the modules up to date.
    func migrate(_ modules: [Module], _ vault: Vault) async throws {
        try await migrate(Self.platform, Self.platformMigrations, vault)
        for module in modules { try await migrate(module.name, Self.steps(of: module), vault) }
    }

    private func migrate(_ schema: String, _ steps: [Migration], _ vault: Vault) async throws {
        try await Migrator(database).migrate(schema: schema, steps)
        do { try await UUIDFolding(schema, database: database, vault: vault).run() } catch let collision as UUIDFolding.Collision {
            throw ConfigurationError(collision.description)
        }
    }

    /// Every migration step of every schema.
    static var allSteps: [(schema: String, steps: [Migration])] {
        [(platform, platformMigrations)] + Modules.all.map { ($0.name, steps(of: $0)) }
    }

    private static func steps(of module: Module) -> [Migration] {
        Tables.migrations(for: module.name) + WorkflowRows.migrations(for: module.name)
            + module.migrations
    }

    /// Returns the migration steps that are missing, as `schema/step`.
    func missing(_ modules: [Module]) async throws -> [String] {
        let migrator = Migrator(database)
        var missing = try await migrator.missing(schema: Self.platform, Self.platformMigrations).map { "\(Self.platform)/\($0)" }
        for module in modules {
            missing += try await migrator.missing(schema: module.name, Self.steps(of: module)).map { "\(module.name)/\($0)" }
        }
        for schema in [Self.platform] + modules.map(\.name) where try await !UUIDFolding.isDone(schema, database) {
            missing.append("\(schema)/\(UUIDFolding.step)")
        }
        return missing
    }
}
