import IdentityContracts
import Kernel

/// Who is suspended where, as Identity has told: a key that such a person is given waits until the suspension ends, or for ever.
enum SuspensionsView {
    static let migration = Migration("009-suspended-users", ["CREATE TABLE access.suspended_users (user_id TEXT PRIMARY KEY)"])

    /// An empty tenant stands for every lock.
    static let scopes = Migration(
        "015-suspensions",
        [
            "CREATE TABLE access.suspensions (user_id TEXT NOT NULL, org_id TEXT NOT NULL, PRIMARY KEY (user_id, org_id))",
            "INSERT INTO access.suspensions (user_id, org_id) SELECT user_id, '' FROM access.suspended_users",
            "DROP TABLE access.suspended_users",
        ])

    static let reaction = Reaction(
        "access-suspended-users", from: ["identity"], hears: ["UserSuspended", "UserReactivated", "UserErased"], partitions: 4, view: "suspensions"
    ) { Changes(rows: rows(for: $0)) }

    /// The tenant at whose doors a suspension counts, or ends; nil for all.
    static func scope(of envelope: Envelope) -> OrgID? {
        Suspension.scope(of: envelope.data["suspendedBy"]?.text ?? envelope.data["reactivatedBy"]?.text ?? Suspension.platform)
    }

    /// Written also by what follows from a suspension, so that it is known from that moment on whoever hears of it first.
    static func rows(for envelope: Envelope) -> [SQL] {
        let user = UserID(envelope.stream.id), scope = scope(of: envelope)
        guard envelope.name == "UserReactivated" else {
            return ["INSERT INTO access.suspensions (user_id, org_id) VALUES (\(user), \(scope?.text ?? "")) ON CONFLICT (user_id, org_id) DO NOTHING"]
        }
        guard let scope else { return ["DELETE FROM access.suspensions WHERE user_id = \(user)"] }
        return ["DELETE FROM access.suspensions WHERE user_id = \(user) AND org_id = \(scope)"]
    }

    static func find(_ user: UserID) -> SQL { "SELECT org_id FROM access.suspensions WHERE user_id = \(user)" }
}
