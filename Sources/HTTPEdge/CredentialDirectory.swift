import Crypto
public import Database
public import Kernel
import Synchronization

/// Who may come in, as every process knows it: API keys, and the users behind e-mail addresses.
///
/// What was looked up is kept under the credentials' epoch. The epoch is read again with the aggregate of the same request, so a
/// key that was revoked a moment ago is dead everywhere without a question to the module that revoked it.
public final class CredentialDirectory: Sendable {
    public static let migration = Migration(
        "000-credentials",
        [
            "CREATE TABLE platform.api_keys (digest {bytes} PRIMARY KEY, org_id TEXT NOT NULL, is_super BOOLEAN NOT NULL, until BIGINT)",
            "CREATE INDEX api_keys_by_org ON platform.api_keys (org_id)",
            "CREATE TABLE platform.users (user_id TEXT PRIMARY KEY, email_digest {bytes} UNIQUE, is_suspended BOOLEAN NOT NULL DEFAULT FALSE)",
            "CREATE TABLE platform.credentials_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL)",
            "INSERT INTO platform.credentials_epoch (id, epoch) VALUES (1, 1)",
        ])

    /// Suspensions of people at the doors of one tenant.
    public static let suspensions = Migration(
        "006-suspensions", ["CREATE TABLE platform.suspensions (user_id TEXT NOT NULL, org_id TEXT NOT NULL, PRIMARY KEY (user_id, org_id))"])

    struct Key: Sendable {
        let org: OrgID
        let isSuper: Bool
        let until: Moment?
        let epoch: Int64
    }

    private let database: any Database
    private let known = Mutex<[[UInt8]: Key]>([:])
    private let standings = Mutex<[UserID: (isSuspended: Bool, epoch: Int64)]>([:])
    private static let most = 10_000

    public init(database: any Database) { self.database = database }

    /// The port through which modules write here, in their own transactions.
    /// - Parameter forget: takes a person's key away.
    public static func port(forget: @escaping @Sendable (UserID) -> SQL) -> Directory {
        Directory(
            admitKey: { digest, org, isSuper, until in
                [
                    """
                    INSERT INTO platform.api_keys (digest, org_id, is_super, until) VALUES (\(digest), \(org), \(isSuper), \(optional: until))
                    """
                ]
            },
            dismissKeys: { org in
                [
                    "DELETE FROM platform.api_keys WHERE org_id = \(org) AND NOT is_super",
                    "UPDATE platform.credentials_epoch SET epoch = epoch + 1 WHERE id = 1",
                ]
            },
            knowUser: { user, email in
                [
                    """
                    INSERT INTO platform.users (user_id, email_digest) VALUES (\(user), \(optional: email.map(digest(ofEmail:))))
                    ON CONFLICT (user_id) DO UPDATE SET email_digest = EXCLUDED.email_digest
                    """
                ]
            },
            suspend: { user, isEverywhere, tenants in
                [
                    """
                    INSERT INTO platform.users (user_id, is_suspended) VALUES (\(user), \(isEverywhere))
                    ON CONFLICT (user_id) DO UPDATE SET is_suspended = EXCLUDED.is_suspended
                    """,
                    "DELETE FROM platform.suspensions WHERE user_id = \(user)",
                ] + tenants.map { "INSERT INTO platform.suspensions (user_id, org_id) VALUES (\(user), \($0)) ON CONFLICT (user_id, org_id) DO NOTHING" } + [
                    "UPDATE platform.credentials_epoch SET epoch = epoch + 1 WHERE id = 1"
                ]
            },
            suspensions: { user in
                """
                SELECT org_id FROM platform.suspensions WHERE user_id = \(user)
                UNION ALL SELECT '' AS org_id FROM platform.users WHERE user_id = \(user) AND is_suspended
                """
            },
            forget: { [forget($0)] })
    }

    /// Ends the super keys of an operator's tenant, in every process at once.
    public static func dismissSuperKeys(of org: OrgID) -> [SQL] {
        [
            "DELETE FROM platform.api_keys WHERE org_id = \(org) AND is_super",
            "UPDATE platform.credentials_epoch SET epoch = epoch + 1 WHERE id = 1",
        ]
    }

    static func digest(ofEmail email: String) -> [UInt8] { Array(SHA256.hash(data: Array(email.utf8))) }

    /// The key's owner. From memory only when `mayRemember`: the caller then checks the epoch.
    func key(_ key: String, mayRemember: Bool) async throws -> Key? {
        let digest = Array(SHA256.hash(data: Array(key.utf8)))
        if mayRemember, let key = known.withLock({ $0[digest] }) { return key }
        let row = try await reading {
            try await database.read(
                """
                SELECT org_id, is_super, until, (SELECT epoch FROM platform.credentials_epoch) AS epoch
                FROM platform.api_keys WHERE digest = \(digest)
                """
            ).first
        }
        guard let row, let org = row.text("org_id"), let epoch = row.int("epoch") else {
            known.withLock { _ = $0.removeValue(forKey: digest) }
            return nil
        }
        let found = Key(org: OrgID(org), isSuper: row.bool("is_super") ?? false, until: row.moment("until"), epoch: epoch)
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[digest] = found
        }
        return found
    }

    /// Whether a person is suspended. From memory only when `mayRemember`: the caller then checks the epoch.
    func standing(of user: UserID, mayRemember: Bool) async throws -> (isSuspended: Bool, epoch: Int64) {
        if mayRemember, let standing = standings.withLock({ $0[user] }) { return standing }
        let row = try await reading {
            try await database.read(
                """
                SELECT c.epoch, u.is_suspended FROM platform.credentials_epoch c LEFT JOIN platform.users u ON u.user_id = \(user)
                """
            ).first
        }
        let found = (isSuspended: row?.bool("is_suspended") ?? false, epoch: row?.int("epoch") ?? 0)
        standings.withLock { standings in
            if standings.count >= Self.most { standings.removeAll() }
            standings[user] = found
        }
        return found
    }

    func user(withEmail email: String) async throws -> UserID? {
        try await reading {
            try await database.read("SELECT user_id FROM platform.users WHERE email_digest = \(Self.digest(ofEmail: email))").first?.text("user_id")
        }.map { UserID($0) }
    }

    private func reading<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch is DatabaseError {
            throw Failure.unavailable("The database is not available now.", retryAfter: .seconds(2))
        }
    }
}
