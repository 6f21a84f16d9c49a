public import Database
import Foundation
import Kernel

/// Databases for tests: each test has its own, on SQLite and, if `SPKEY_TEST_POSTGRES` names a server, on PostgreSQL.
///
/// A test says on which with a trait (`@Test(.everyDatabase)`), and finds its database in `current`.
public enum TestDatabase {
    /// The schemas that tests may use.
    public static let schemas = ["platform", "alpha", "beta", "access", "identity", "devices", "video", "partners"]

    /// The dialects that can be tested here. Without PostgreSQL the list is shorter, which shows that less is tested.
    public static var dialects: [Dialect] { server == nil ? [.sqlite] : [.sqlite, .postgres] }

    /// A libpq address of the server without a database, such as `postgres://postgres@127.0.0.1:5433`.
    public static var server: String? { ProcessInfo.processInfo.environment["SPKEY_TEST_POSTGRES"] }

    @TaskLocal private static var scope: (database: any Database, address: String)?

    /// The database of the running test, which has a trait that names one.
    public static var current: any Database { scoped.database }
    /// The libpq address of `current`; the path of the file on SQLite.
    public static var address: String { scoped.address }

    private static var scoped: (database: any Database, address: String) {
        guard let scope else { preconditionFailure("the test has no database: add .everyDatabase, .sqlite or .postgres") }
        return scope
    }

    /// Runs a body with a fresh database as `current`, and deletes the database afterwards.
    public static func with<Result: Sendable>(_ dialect: Dialect, connections: Int = 8, _ body: () async throws -> Result) async throws
        -> Result
    {
        switch dialect {
        case .sqlite: try await withSQLite(body)
        case .postgres: try await withPostgres(connections, body)
        }
    }

    public struct NoServer: Error {}

    private static func withPostgres<Result: Sendable>(_ connections: Int, _ body: () async throws -> Result) async throws -> Result {
        guard let server else { throw NoServer() }
        let name = "test_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let admin = PostgresDatabase(PostgresSettings(conninfo: server + "/postgres"), connections: 1)
        _ = try await admin.read([SQL(text: "CREATE DATABASE \(name)", values: [])])
        let address = "\(server)/\(name)", database = PostgresDatabase(PostgresSettings(conninfo: address), connections: connections)
        do {
            let result = try await $scope.withValue((database, address)) { try await body() }
            await drop(name, database, admin)
            return result
        } catch {
            await drop(name, database, admin)
            throw error
        }
    }

    private static func drop(_ name: String, _ database: PostgresDatabase, _ admin: PostgresDatabase) async {
        await database.close()
        _ = try? await admin.read([SQL(text: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)", values: [])])
        await admin.close()
    }

    private static func withSQLite<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "test.db").path, database = SQLiteDatabase(path: path, schemas: schemas)
        let result = try await $scope.withValue((database, path)) { try await body() }
        await database.close()
        return result
    }
}
