import Kernel

/// Which PIN opens which lock. The primary key prevents two live keys of the same lock from sharing a PIN.
enum PinRows {
    static let migration = Migration(
        "004-pins",
        [
            """
            CREATE TABLE access.pins (lock_id BIGINT NOT NULL, digest {bytes} NOT NULL, uuid TEXT NOT NULL, \
            until BIGINT NOT NULL, PRIMARY KEY (lock_id, digest))
            """,
            "CREATE INDEX pins_by_key ON access.pins (uuid)",
            "CREATE INDEX pins_by_end ON access.pins (until)",
            """
            CREATE TABLE access.pin_attempts (
                lock_id BIGINT PRIMARY KEY, minute_began BIGINT NOT NULL, minute_failures BIGINT NOT NULL, quarter_began BIGINT NOT NULL,
                quarter_failures BIGINT NOT NULL, locked_until BIGINT NOT NULL)
            """,
        ])

    static func insert(_ digest: [UInt8], _ lock: LockID, _ key: TempKey.ID, _ until: Timestamp) -> SQL {
        "INSERT INTO access.pins (lock_id, digest, uuid, until) VALUES (\(lock.number), \(digest), \(key), \(until))"
    }
    static func remove(_ key: TempKey.ID) -> SQL { "DELETE FROM access.pins WHERE uuid = \(key)" }
    /// Frees the PINs of keys that have ended.
    static func forget(before now: Timestamp) -> [SQL] { ["DELETE FROM access.pins WHERE until <= \(now)"] }
    /// Selects the key of a lock that has the PIN and has not ended.
    static func find(_ digest: [UInt8], at lock: LockID, living now: Timestamp) -> SQL {
        "SELECT uuid FROM access.pins WHERE lock_id = \(lock.number) AND digest = \(digest) AND until > \(now)"
    }
    static func find(_ digest: [UInt8], at lock: LockID) -> SQL {
        "SELECT uuid FROM access.pins WHERE lock_id = \(lock.number) AND digest = \(digest)"
    }
}
