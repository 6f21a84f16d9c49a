import Application
import Kernel

/// The tenant that gave a user a wallet key; no other tenant may remove or change it.
enum WalletKeyGivers {
    static let migration = Migration(
        "003-wallet-key-givers", ["CREATE TABLE identity.wallet_key_givers (key_id TEXT PRIMARY KEY, org_id TEXT NOT NULL)"])

    static func insert(_ key: WalletKey.ID, _ org: OrgID) -> SQL {
        "INSERT INTO identity.wallet_key_givers (key_id, org_id) VALUES (\(key), \(org)) ON CONFLICT (key_id) DO NOTHING"
    }
    static func find(_ key: WalletKey.ID) -> SQL { "SELECT org_id FROM identity.wallet_key_givers WHERE key_id = \(key)" }
}

/// A use case about an existing wallet key.
protocol ConcernsWalletKey: ConcernsUser {
    var key: WalletKey.ID { get }
}

extension Rule where Request: ConcernsWalletKey, State == UserAccount {
    /// Permits staff, super keys, and the tenant that gave the key or, if no tenant did, the one that created the user.
    static var giver: Rule {
        Rule(
            "the tenant that has given the key, staff, or a super key", by: .staffOrKey,
            confirms: { request, user, caller, services in try await isGiven(request.key, of: user, by: caller, services) },
            permits: { _, _, caller in
                switch caller {
                case .staff, .key: true
                case .user, .anonymous: false
                }
            })
    }

    /// Permits the user as well.
    static var giverOrSelf: Rule {
        Rule(
            "the user, the tenant that has given the key, or a super key",
            confirms: { request, user, caller, services in
                if caller.user != nil { return true }
                return try await isGiven(request.key, of: user, by: caller, services)
            },
            permits: { request, _, caller in
                switch caller {
                case .key: true
                case .user(let user, _): user == request.user
                case .staff, .anonymous: false
                }
            })
    }

    private static func isGiven(_ key: WalletKey.ID, of user: UserAccount, by caller: Caller, _ services: Services) async throws -> Bool {
        guard let tenant = caller.org else { return true }
        let giver =
            try await services.store.query(WalletKeyGivers.find(key)).first?.find("org_id", as: String.self).map { OrgID($0) } ?? user.org
        return giver == tenant
    }
}

extension Rule where State == UserAccount {
    /// Staff, a super key, or the tenant that created the user.
    static var creator: Rule {
        Rule("staff, a super key, or the tenant that created the user", by: .staffOrKey) { _, user, caller in
            switch caller {
            case .staff, .key(_, isSuper: true): true
            case .key(let tenant, isSuper: false): user.org == tenant
            case .user, .anonymous: false
            }
        }
    }
}
