public import Kernel

/// The tables that every module has besides its own.
public enum Tables {
    /// The first migration of a module's schema.
    public static func migration(for schema: String) -> Migration {
        Migration(
            "000-event-store",
            [
                """
                CREATE TABLE \(schema).aggregates (
                    category TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, shape BIGINT NOT NULL, state TEXT NOT NULL,
                    org_id TEXT, changed_at BIGINT NOT NULL, PRIMARY KEY (category, id))
                """,
                """
                CREATE TABLE \(schema).events (
                    category TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL,
                    org_id TEXT, at BIGINT NOT NULL, PRIMARY KEY (category, id, version))
                """,
                """
                CREATE TABLE \(schema).outbox (
                    position {sequence}, transaction_id {transaction}, epoch BIGINT NOT NULL, shard BIGINT NOT NULL, envelope TEXT NOT NULL,
                    name TEXT NOT NULL, category TEXT NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL,
                    at BIGINT NOT NULL, audience TEXT NOT NULL, correlation TEXT NOT NULL, causation TEXT, \
                data TEXT NOT NULL) {by range of at}
                """,
                "{default partition of \(schema).outbox}",
                "CREATE INDEX outbox_by_cursor_\(schema) ON \(schema).outbox (epoch, transaction_id, position)",
                """
                CREATE TABLE \(schema).checkpoints (
                    subscription TEXT NOT NULL, source TEXT NOT NULL, part BIGINT NOT NULL, epoch BIGINT NOT NULL,
                    transaction_id BIGINT NOT NULL, position BIGINT NOT NULL, holder TEXT NOT NULL, token BIGINT NOT NULL, \
                until BIGINT NOT NULL,
                    PRIMARY KEY (subscription, source, part))
                """,
                """
                CREATE TABLE \(schema).dead_letters (
                    subscription TEXT NOT NULL, envelope TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL, category TEXT NOT NULL,
                    id TEXT NOT NULL, body TEXT NOT NULL, error TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (subscription, envelope))
                """,
                """
                CREATE TABLE \(schema).claims (kind TEXT NOT NULL, value TEXT NOT NULL, category TEXT NOT NULL, id TEXT NOT NULL, \
                PRIMARY KEY (kind, value))
                """,
            ] + idempotency(for: schema).statements)
    }

    /// All migrations of the event store, in order.
    public static func migrations(for schema: String) -> [Migration] { [migration(for: schema), retries(for: schema)] }

    /// Adds the order of parked messages and the flag that requests a retry.
    static func retries(for schema: String) -> Migration {
        Migration(
            "000-event-store-retries",
            [
                "ALTER TABLE \(schema).dead_letters ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE \(schema).dead_letters ADD COLUMN transaction_id BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE \(schema).dead_letters ADD COLUMN position BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE \(schema).dead_letters ADD COLUMN parked_at BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE \(schema).dead_letters ADD COLUMN retry BOOLEAN NOT NULL DEFAULT FALSE",
            ])
    }

    /// The records of requests with an `Idempotency-Key`.
    public static func idempotency(for schema: String) -> Migration {
        Migration(
            "003-idempotency",
            [
                """
                CREATE TABLE \(schema).idempotency (
                    key {bytes} PRIMARY KEY, body {bytes} NOT NULL, status BIGINT, answer TEXT, at BIGINT NOT NULL)
                """,
                "CREATE INDEX idempotency_by_age_\(schema) ON \(schema).idempotency (at)",
            ])
    }
}

/// Assigns a stream to one of 64 shards by CRC-32C (RFC 3720, appendix B.4), identically in every process and build.
enum Shard {
    static let count: UInt32 = 64

    static func of(_ stream: StreamName) -> Int {
        var crc: UInt32 = ~0
        for byte in stream.description.utf8 { crc = crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
        return Int(~crc % count)
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
}
