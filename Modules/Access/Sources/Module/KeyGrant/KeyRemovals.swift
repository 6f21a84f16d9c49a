import Kernel

/// Keys that are off a lock's list but may still be on its device. They are shown until the device reports that they are gone.
enum KeyRemovals {
    static let migration = Migration(
        "016-key-removals",
        [
            """
            CREATE TABLE access.key_removals (lock_id TEXT NOT NULL, key_uuid TEXT NOT NULL, key_index BIGINT, \
            begun_at BIGINT NOT NULL, PRIMARY KEY (lock_id, key_uuid))
            """
        ])

    static func begun(_ key: Key.ID, _ index: Int?, on lock: LockID, at now: Timestamp) -> SQL {
        """
        INSERT INTO access.key_removals (lock_id, key_uuid, key_index, begun_at) VALUES (\(lock.description), \(key), \
        \(optional: index), \(now))
        ON CONFLICT (lock_id, key_uuid) DO NOTHING
        """
    }

    static func done(_ key: Key.ID, on lock: LockID) -> SQL {
        "DELETE FROM access.key_removals WHERE lock_id = \(lock.description) AND key_uuid = \(key)"
    }

    static func find(_ lock: LockID) -> SQL {
        "SELECT key_uuid, key_index FROM access.key_removals WHERE lock_id = \(lock.description) ORDER BY begun_at, key_uuid"
    }
}
