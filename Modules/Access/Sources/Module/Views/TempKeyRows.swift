import Application
import Kernel

/// The temporary keys of each lock, across aggregates.
enum TempKeyRows {
    static let migration = Migration(
        "003-temp-keys",
        [
            """
            CREATE TABLE access.temp_keys (uuid TEXT PRIMARY KEY, is_shared BOOLEAN NOT NULL, created_by TEXT NOT NULL, \
            created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX temp_keys_by_creator ON access.temp_keys (created_by, created_at)",
            """
            CREATE TABLE access.temp_key_doors (lock_id BIGINT NOT NULL, uuid TEXT NOT NULL, created_at BIGINT NOT NULL, \
            PRIMARY KEY (lock_id, uuid))
            """,
        ])

    /// The users of whitelist keys.
    static let users = Migration(
        "014-temp-key-users",
        [
            "CREATE TABLE access.temp_key_users (user_id TEXT NOT NULL, uuid TEXT NOT NULL, PRIMARY KEY (user_id, uuid))",
            "CREATE INDEX temp_key_users_by_key ON access.temp_key_users (uuid)",
        ])

    static let view = View<TempKey>(
        .table("temp_keys", by: "uuid"), .table("temp_key_doors", by: "uuid"), .table("temp_key_users", by: "uuid"), rows: rows(for:))

    private static func rows(for change: Change<TempKey>) -> [SQL] {
        let users = change.after.users == change.before.users ? [] : Self.users(of: change.after)
        guard case .created(let definition) = change.event else { return users }
        let key: SQL = """
            INSERT INTO access.temp_keys (uuid, is_shared, created_by, created_at)
            VALUES (\(definition.id), \(definition.isShared), \(definition.createdBy), \(definition.createdAt)) \
            ON CONFLICT (uuid) DO NOTHING
            """
        return [key] + users
            + change.after.locks.map { lock in
                """
                INSERT INTO access.temp_key_doors (lock_id, uuid, created_at) VALUES (\(lock.number), \(definition.id), \
                \(definition.createdAt))
                ON CONFLICT (lock_id, uuid) DO NOTHING
                """
            }
    }

    private static func users(of key: TempKey) -> [SQL] {
        let rows = Set(key.users ?? []).sorted { $0.text < $1.text }.map { user in
            "INSERT INTO access.temp_key_users (user_id, uuid) VALUES (\(user), \(key.id))" as SQL
        }
        return ["DELETE FROM access.temp_key_users WHERE uuid = \(key.id)"] + rows
    }

    /// The position of a key in a list: by creation time, then by id.
    private struct Place {
        let createdAt: Int64
        let uuid: String
        var key: String { "\(createdAt) \(uuid)" }

        init(_ row: Row) throws(RowDecodingError) {
            createdAt = try row.read("created_at")
            uuid = try row.read("uuid")
        }

        /// The position after which a page begins; before the newest key for the first page.
        init(after key: String?) throws {
            let parts = key?.split(separator: " ").map(String.init) ?? ["\(Int64.max)", ""]
            guard parts.count == 2 || key == nil, let time = Int64(parts[0]) else {
                throw RequestError.problems([Problem("cursor", "must be a cursor that a page has given")])
            }
            createdAt = time
            uuid = parts.count == 2 ? parts[1] : ""
        }
    }

    /// The keys of a lock, newest first.
    static func keys(of lock: LockID, _ page: PageRequest, _ services: Services) async throws -> Page<TempKey> {
        let after = try Place(after: page.after)
        return try await load(
            """
            SELECT uuid, created_at FROM access.temp_key_doors WHERE lock_id = \(lock.number) AND (created_at, \
            uuid) < (\(after.createdAt), \(after.uuid))
            ORDER BY created_at DESC, uuid DESC LIMIT \(page.limit + 1)
            """, page, services)
    }

    /// The shared keys that a caller made, newest first.
    static func keys(by creator: String, _ page: PageRequest, _ services: Services) async throws -> Page<TempKey> {
        let after = try Place(after: page.after)
        return try await load(
            """
            SELECT uuid, created_at FROM access.temp_keys WHERE created_by = \(creator) AND is_shared = TRUE
                AND (created_at, uuid) < (\(after.createdAt), \(after.uuid))
            ORDER BY created_at DESC, uuid DESC LIMIT \(page.limit + 1)
            """, page, services)
    }

    private static func load(_ query: SQL, _ page: PageRequest, _ services: Services) async throws -> Page<TempKey> {
        let places = Page(try await services.store.query(query).map { try Place($0) }, page, key: \.key)
        return Page(try await load(places.items.map(\.uuid), services), next: places.next)
    }

    private static func load(_ ids: [String], _ services: Services) async throws -> [TempKey] {
        return try await withThrowingTaskGroup(of: (Int, TempKey).self) { group in
            for (place, id) in ids.enumerated() { group.addTask { (place, try await services.store.load(TempKey.self, id).state) } }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
