import Application
import Database
import Kernel

/// Tells a module to delete all that it stores. Partners keep their tenants, keys and webhooks.
struct DeleteEverything: ModuleQuestion {
    static let name = "host.DeleteEverything"
    static let timeout = Duration.seconds(30)
    /// The staff member, for the log.
    let by: String

    struct Reply: Codable, Sendable {
        /// How many rows went, by table.
        let rows: [String: Int]
    }

    /// What says how far the schema is and which messages have been read.
    private static let kept: Set<String> = ["migrations", "checkpoints"]

    static func answer(_ module: Module, _ services: Services, _ database: any Database) -> AskHandler {
        AskHandler(DeleteEverything.self, of: module.name) { question in
            guard services.settings.isDevelopment, module.name != "partners" else { return Reply(rows: [:]) }
            services.log.notice("Staff deletes everything", ["staff": question.by, "module": module.name])
            let tables = try await tables(of: module.name, database).filter { !kept.contains($0) }
            var statements = tables.map { "DELETE FROM \(trusted: module.name).\(trusted: $0)" as SQL }
            if module.name == "identity" {
                statements += ["DELETE FROM platform.users", "DELETE FROM platform.suspensions", "DELETE FROM platform.person_keys"]
            }
            let done = try await database.transact(statements + [CredentialsEpoch.raise])
            return Reply(rows: Dictionary(uniqueKeysWithValues: zip(tables, done).map { ("\(module.name).\($0)", Int($1.affected)) }))
        }
    }

    private static func tables(of schema: String, _ database: any Database) async throws -> [String] {
        let query: SQL =
            switch database.dialect {
            case .postgres:
                """
                SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = \(schema) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
                """
            // A schema is the beginning of a table's name there.
            case .sqlite:
                """
                SELECT SUBSTR(name, \(schema.utf8.count + 2)) AS name FROM sqlite_master
                WHERE type = 'table' AND SUBSTR(name, 1, \(schema.utf8.count + 1)) = \(schema + "_") ORDER BY name
                """
            }
        return try await database.read(query).map { try $0.read("name") }
    }
}
