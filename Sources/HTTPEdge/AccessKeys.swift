public import AWS
public import Application
public import Database
public import Kernel

/// The pairs of keys with which clients made for AWS sign their requests.
public struct AccessKeys: Sendable {
    public static let migration = Migration(
        "010-access-keys",
        [
            """
            CREATE TABLE platform.access_keys (id TEXT PRIMARY KEY, secret TEXT NOT NULL, org_id TEXT NOT NULL, \
            is_super BOOLEAN NOT NULL, created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX access_keys_by_org ON platform.access_keys (org_id)",
        ])

    /// As many as an AWS user may have, so that one can be replaced while the other is in use.
    public static let maxPerTenant = 2

    /// A tenant has as many pairs as it may have.
    public struct Full: Error {}

    struct Owner: Sendable {
        let secret: String
        let org: OrgID
        let isSuper: Bool
    }

    private let database: any Database
    private let vault: Vault
    private static let purpose = "access-key"

    public init(_ database: any Database, _ vault: Vault) { (self.database, self.vault) = (database, vault) }

    /// Ends the pairs of a tenant.
    public static func revoke(_ org: OrgID, isSuper: Bool) -> SQL {
        "DELETE FROM platform.access_keys WHERE org_id = \(org) AND is_super = \(isSuper)"
    }

    /// Makes a pair; its secret is stored encrypted, because signatures are checked with it.
    /// - Parameter replaces: whether the tenant's other pairs end.
    /// - Throws: `Full`, `DatabaseError`.
    public func create(for org: OrgID, isSuper: Bool, replaces: Bool, at now: Timestamp) async throws -> SignatureV4.Credentials {
        let id = "AKIA" + Self.letters(vault.random(16)), secret = Base64.encode(vault.random(30))
        let sealed = try vault.seal(Array(secret.utf8), Self.purpose, id)
        let insert: SQL = """
            INSERT INTO platform.access_keys (id, secret, org_id, is_super, created_at)
            SELECT \(id), \(sealed), \(org), \(isSuper), \(now)
            WHERE (SELECT COUNT(*) FROM platform.access_keys WHERE org_id = \(org)) < \(Self.maxPerTenant) RETURNING id
            """
        let results = try await database.transact((replaces ? [Self.revoke(org, isSuper: isSuper)] : []) + [insert])
        guard results.last?.rows.isEmpty == false else { throw Full() }
        return SignatureV4.Credentials(id: id, secret: secret)
    }

    /// Returns whose pair an id is of.
    func find(_ id: String) async throws -> Owner? {
        let query: SQL = "SELECT secret, org_id, is_super FROM platform.access_keys WHERE id = \(id)"
        guard let row = try await database.read(query).first else { return nil }
        let secret = try vault.open(try row.read("secret", as: String.self), Self.purpose, id)
        return Owner(secret: String(decoding: secret, as: UTF8.self), org: try row.read("org_id"), isSuper: try row.read("is_super"))
    }

    /// Capital letters and digits, five bits of each byte.
    private static func letters(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        return String(decoding: bytes.map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
