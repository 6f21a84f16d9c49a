public import Kernel

/// A process that may write to some schemas of a PostgreSQL database, as the database knows it: each of its connections holds a shared
/// advisory lock for each of these schemas for as long as it lives, so nothing is written by a process that cannot be seen in `pg_locks`.
///
/// One that finds itself alone says so in `platform.sole_members` and need not ask what it remembers. A newcomer's connections therefore
/// wait until it has taken that back, or can no longer believe it.
public struct WritingProcess: Sendable {
    /// Tells this process from all others.
    public let number: Int
    public let schemas: [String]

    public init(of schemas: [String], number: Int = Int(Int32.random(in: 1...Int32.max))) {
        (self.number, self.schemas) = (number, schemas)
    }

    /// A sole member stops within this time, even if it hears of nobody. Longer than what it has read of the locks counts.
    static let longestWait = Duration.seconds(4)
    /// How long what a sole member has read of the locks counts.
    public static let validity = Duration.seconds(3)
    /// Where newcomers announce themselves.
    public static let channel = "spkey_members"

    public static let migration = Migration(
        "011-sole-members", ["CREATE TABLE platform.sole_members (schema TEXT PRIMARY KEY, process BIGINT NOT NULL)"])

    /// What the locks of a schema have in common, as `pg_locks` shows it (FNV-1a, 31 bits).
    public static func lockClass(of schema: String) -> Int {
        Int(schema.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 } & 0x7FFF_FFFF)
    }
    /// The lock that says that the process listens to the channel.
    private static let listening = " listens"

    private func lock(_ name: String) -> SQL {
        "SELECT pg_advisory_lock_shared(CAST(\(Self.lockClass(of: name)) AS INT), CAST(\(number) AS INT))"
    }

    /// Executed by each connection that may write, before anything else.
    var locks: [SQL] { schemas.map(lock) }

    /// Executed by the connection that listens to the channel.
    var lockWhileListening: String {
        "SELECT pg_advisory_lock_shared(\(Self.lockClass(of: Self.listening)), \(number))"
    }

    static let isKnown: SQL = "SELECT to_regclass('platform.sole_members') IS NOT NULL AS is_known"
    static let announcement: SQL = "SELECT pg_notify(\(channel), '')"

    /// Returns a row while another process may believe to be alone.
    var others: SQL {
        """
        SELECT 1 AS one FROM platform.sole_members s WHERE s.schema = ANY(CAST(\(SQLValue.texts(schemas)) AS TEXT[]))
            AND s.process <> \(number) AND EXISTS (SELECT 1 FROM pg_locks l WHERE \(trusted: Self.isOurs)
            AND l.classid = CAST(\(Self.lockClass(of: Self.listening)) AS OID) AND l.objid = CAST(s.process AS OID)) LIMIT 1
        """
    }

    /// Returns a row while newcomers can see that this process listens.
    public var isListening: SQL {
        """
        SELECT 1 AS one FROM pg_locks l WHERE \(trusted: Self.isOurs) AND l.objid = CAST(\(number) AS OID)
            AND l.classid = CAST(\(Self.lockClass(of: Self.listening)) AS OID) LIMIT 1
        """
    }

    /// Returns the schemas to which other processes may write, as the classes of their locks.
    public var otherWriters: SQL {
        """
        SELECT DISTINCT CAST(l.classid AS BIGINT) AS class FROM pg_locks l WHERE \(trusted: Self.isOurs)
            AND l.objid <> CAST(\(number) AS OID)
        """
    }

    /// Advisory locks with two keys, of this database.
    private static let isOurs =
        "l.locktype = 'advisory' AND l.objsubid = 2 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
}
