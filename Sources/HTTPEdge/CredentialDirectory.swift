public import Application
import Crypto
public import Database
public import Kernel
import Synchronization

/// The credentials that every process accepts: API keys, and the users behind e-mail addresses.
///
/// Lookups are cached under the credentials epoch. The epoch is read again with the aggregate of the same request, so a key that was
/// revoked a moment ago is rejected everywhere without asking the module that revoked it.
public final class CredentialDirectory: Sendable {
    public static let migration = Migration(
        "000-credentials",
        [
            "CREATE TABLE platform.api_keys (digest {bytes} PRIMARY KEY, org_id TEXT NOT NULL, is_super BOOLEAN NOT NULL, until BIGINT)",
            "CREATE INDEX api_keys_by_org ON platform.api_keys (org_id)",
            """
            CREATE TABLE platform.users (user_id TEXT PRIMARY KEY, email_digest {bytes} UNIQUE, \
            is_suspended BOOLEAN NOT NULL DEFAULT FALSE)
            """,
            "CREATE TABLE platform.credentials_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL)",
            "INSERT INTO platform.credentials_epoch (id, epoch) VALUES (1, 1)",
        ])

    /// Suspensions of users at the doors of one tenant.
    public static let suspensions = Migration(
        "006-suspensions",
        ["CREATE TABLE platform.suspensions (user_id TEXT NOT NULL, org_id TEXT NOT NULL, PRIMARY KEY (user_id, org_id))"])

    /// How users sign in. Existing addresses count as invitations: the first to prove one becomes the user, unless the user has already
    /// signed in.
    public static let signIns = Migration(
        "007-sign-ins",
        [
            "ALTER TABLE platform.users ADD COLUMN standing TEXT NOT NULL DEFAULT 'contact'",
            "ALTER TABLE platform.users ADD COLUMN has_signed_in BOOLEAN NOT NULL DEFAULT FALSE",
            "UPDATE platform.users SET standing = 'invited' WHERE email_digest IS NOT NULL",
        ])

    /// The credentials epoch at which the keys of a tenant were last revoked; whatever was requested with them before ends too.
    public static let dismissals = Migration(
        "008-key-dismissals",
        [
            """
            CREATE TABLE platform.key_dismissals (org_id TEXT NOT NULL, is_super BOOLEAN NOT NULL, epoch BIGINT NOT NULL, \
            PRIMARY KEY (org_id, is_super))
            """
        ])

    private static func dismiss(_ org: OrgID, isSuper: Bool) -> [SQL] {
        [
            "DELETE FROM platform.api_keys WHERE org_id = \(org) AND is_super = \(isSuper)",
            CredentialsEpoch.raise,
            """
            INSERT INTO platform.key_dismissals (org_id, is_super, epoch) SELECT \(org), \(isSuper), e.epoch \
            FROM platform.credentials_epoch e WHERE e.id = 1
            ON CONFLICT (org_id, is_super) DO UPDATE SET epoch = EXCLUDED.epoch
            """,
        ]
    }

    struct Key: Sendable {
        let org: OrgID
        let isSuper: Bool
        let until: Timestamp?
        let epoch: Int64
    }

    private let database: any Database
    private let known = Mutex<[[UInt8]: Key]>([:])
    private let standings = Mutex<[UserID: (isSuspended: Bool, epoch: Int64)]>([:])
    private static let limit = 10_000

    public init(database: any Database) { self.database = database }

    /// Returns the port through which modules write here, in their own transactions.
    /// - Parameter forget: returns the statement that deletes a person's encryption key.
    public static func port(forget: @escaping @Sendable (UserID) -> SQL) -> CredentialStore {
        CredentialStore(
            registerKey: { digest, org, isSuper, until in
                [
                    """
                    INSERT INTO platform.api_keys (digest, org_id, is_super, until) VALUES (\(digest), \(org), \(isSuper), \
                    \(optional: until))
                    """
                ]
            },
            revokeKeys: { dismiss($0, isSuper: false) },
            revokeAccessKeys: { [AccessKeys.revoke($0, isSuper: false)] },
            revocation: { org, isSuper in "SELECT epoch FROM platform.key_dismissals WHERE org_id = \(org) AND is_super = \(isSuper)" },
            validKey: { digest, org, now in
                "SELECT 1 AS one FROM platform.api_keys WHERE digest = \(digest) AND org_id = \(org) AND (until IS NULL OR until > \(now))"
            },
            linkEmail: { user, email, standing in
                [
                    """
                    INSERT INTO platform.users (user_id, email_digest, standing) VALUES (\(user), \
                    \(optional: email.map(digest(ofEmail:))), \(standing.rawValue))
                    ON CONFLICT (user_id) DO UPDATE SET email_digest = EXCLUDED.email_digest, standing = EXCLUDED.standing
                    """
                ]
            },
            signIn: { user in "SELECT standing, has_signed_in FROM platform.users WHERE user_id = \(user)" },
            suspend: { user, isEverywhere, tenants in
                [
                    """
                    INSERT INTO platform.users (user_id, is_suspended) VALUES (\(user), \(isEverywhere))
                    ON CONFLICT (user_id) DO UPDATE SET is_suspended = EXCLUDED.is_suspended
                    """,
                    "DELETE FROM platform.suspensions WHERE user_id = \(user)",
                ]
                    + tenants.map {
                        """
                        INSERT INTO platform.suspensions (user_id, org_id) VALUES (\(user), \($0)) ON CONFLICT (user_id, \
                        org_id) DO NOTHING
                        """
                    } + [
                        CredentialsEpoch.raise
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

    /// Revokes the super keys of an operator's tenant in every process at once.
    public static func dismissSuperKeys(of org: OrgID) -> [SQL] { dismiss(org, isSuper: true) + [AccessKeys.revoke(org, isSuper: true)] }

    static func digest(ofEmail email: String) -> [UInt8] { Array(SHA256.hash(data: Array(email.utf8))) }

    /// Returns the key's owner. Uses the cache only when `mayRemember` is true: the caller then checks the epoch.
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
        guard let row else {
            known.withLock { _ = $0.removeValue(forKey: digest) }
            return nil
        }
        let found = Key(
            org: try row.read("org_id"), isSuper: try row.read("is_super"), until: try row.find("until"), epoch: try row.read("epoch"))
        known.withLock { known in
            if known.count >= Self.limit { known.removeAll() }
            known[digest] = found
        }
        return found
    }

    /// Returns whether a user is suspended. Uses the cache only when `mayRemember` is true: the caller then checks the epoch.
    /// - Parameter email: the address that the token confirms.
    func standing(of user: UserID, email: String?, mayRemember: Bool) async throws -> (isSuspended: Bool, epoch: Int64) {
        if mayRemember, let standing = standings.withLock({ $0[user] }) { return standing }
        let row = try await reading {
            try await database.read(
                """
                SELECT c.epoch, u.is_suspended, u.has_signed_in, u.standing, u.email_digest FROM platform.credentials_epoch c \
                LEFT JOIN platform.users u ON u.user_id = \(user)
                """
            ).first
        }
        let digest = email.map(Self.digest(ofEmail:))
        let known: [UInt8]? = try row?.find("email_digest")
        let status: AddressStatus? = try row?.find("standing")
        let isProof = digest != nil && known == digest && status != .proven
        if try row?.find("has_signed_in", as: Bool.self) == false || isProof { try await noteSignIn(of: user, digest) }
        let found = (isSuspended: try row?.find("is_suspended", as: Bool.self) ?? false, epoch: try row?.read("epoch", as: Int64.self) ?? 0)
        standings.withLock { standings in
            if standings.count >= Self.limit { standings.removeAll() }
            standings[user] = found
        }
        return found
    }

    /// Returns the user that a confirmed address signs in. The first to prove an invited address becomes its user, unless that user has
    /// already signed in; an address entered by someone else signs nobody in.
    func user(withConfirmedEmail email: String) async throws -> UserID? {
        let digest = Self.digest(ofEmail: email)
        let row = try await reading {
            try await database.read("SELECT user_id, standing, has_signed_in FROM platform.users WHERE email_digest = \(digest)").first
        }
        guard let row else { return nil }
        let user: UserID = try row.read("user_id")
        switch try row.read("standing", as: AddressStatus.self) {
        case .proven: return user
        case .invited where try !row.read("has_signed_in", as: Bool.self):
            let taken = try await reading {
                try await database.transact([
                    """
                    UPDATE platform.users SET standing = 'proven', has_signed_in = TRUE
                    WHERE user_id = \(user) AND email_digest = \(digest) AND standing = 'invited' AND has_signed_in = FALSE \
                    RETURNING user_id
                    """
                ])[0].rows
            }
            return taken.isEmpty ? nil : user
        case .invited, .contact: return nil
        }
    }

    /// Records a sign-in: the user now counts as signed in, and the address that the token confirms as proven.
    private func noteSignIn(of user: UserID, _ digest: [UInt8]?) async throws {
        _ = try await reading {
            try await database.transact([
                "UPDATE platform.users SET has_signed_in = TRUE WHERE user_id = \(user) AND has_signed_in = FALSE",
                "UPDATE platform.users SET standing = 'proven' WHERE user_id = \(user) AND email_digest = \(optional: digest)",
            ])
        }
    }

    func reading<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch is DatabaseError {
            throw RequestError.unavailable("The database is not available now.", retryAfter: .seconds(2))
        }
    }
}
