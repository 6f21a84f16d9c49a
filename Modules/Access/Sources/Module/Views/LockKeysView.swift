import Kernel

/// The keys on all locks, by key and by holder.
enum LockKeysView {
    static let migration = Migration(
        "007-lock-keys",
        [
            """
            CREATE TABLE access.lock_keys (
                lock_id TEXT NOT NULL, key_uuid TEXT NOT NULL, key_index BIGINT, user_id TEXT, since BIGINT NOT NULL, \
            PRIMARY KEY (lock_id, key_uuid))
            """,
            "CREATE INDEX lock_keys_by_key ON access.lock_keys (key_uuid)",
            "CREATE INDEX lock_keys_by_user ON access.lock_keys (user_id)",
        ])

    /// A key on a lock.
    struct Place: Sendable, Equatable {
        let lock: LockID
        let key: Key
        /// The version of the lock at which the key was added.
        let since: Int

        init(_ row: Row) throws(RowDecodingError) {
            lock = try row.read("lock_id")
            key = Key(id: try row.read("key_uuid"), index: try row.find("key_index"), user: try row.find("user_id"))
            since = try row.read("since")
        }
    }

    static let view = View<Lock>(.table("lock_keys", by: "lock_id"), rows: rows(for:))

    private static func rows(for change: Change<Lock>) -> [SQL] {
        switch change.event {
        case .created(let installation): installation.keys.map { put($0, change) }
        case .keyAdded(let key): [put(key, change)]
        case .keyRemoved(let key, _): ["DELETE FROM access.lock_keys WHERE lock_id = \(change.stream.id) AND key_uuid = \(key)"]
        default: []
        }
    }

    private static func put(_ key: Key, _ change: Change<Lock>) -> SQL {
        let row: SQL = """
            INSERT INTO access.lock_keys (lock_id, key_uuid, key_index, user_id, since)
            VALUES (\(change.stream.id), \(key.id), \(optional: key.index), \(optional: key.user), \(change.version))
            ON CONFLICT (lock_id, key_uuid) DO UPDATE SET key_index = EXCLUDED.key_index, user_id = EXCLUDED.user_id, since = EXCLUDED.since
            """
        return row.mergeable(by: "\(change.stream.id) \(key.id)")
    }

    static func places(of key: Key.ID) -> SQL { "SELECT * FROM access.lock_keys WHERE key_uuid = \(key) ORDER BY lock_id" }
    /// Also selects keys in the user's wallet that a lock lists without a holder or with another one.
    static func places(of user: UserID) -> SQL {
        """
        SELECT * FROM access.lock_keys WHERE user_id = \(user) OR key_uuid IN (SELECT key_uuid FROM access.key_holders \
        WHERE user_id = \(user))
        ORDER BY lock_id, key_uuid
        """
    }

    /// Selects the keys of a lock whose holder is suspended there or erased.
    static func barred(on lock: String, of org: OrgID?) -> SQL {
        """
        SELECT k.* FROM access.lock_keys k LEFT JOIN access.key_holders h ON h.key_uuid = k.key_uuid
        WHERE k.lock_id = \(lock) AND EXISTS (
            SELECT 1 FROM access.suspensions s WHERE (s.user_id = k.user_id OR s.user_id = h.user_id) AND (s.org_id = '' \
        OR s.org_id = \(org?.text ?? "")))
        ORDER BY k.key_uuid
        """
    }
}
