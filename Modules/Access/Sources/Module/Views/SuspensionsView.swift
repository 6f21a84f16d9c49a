import Application
import IdentityContracts
import Kernel

/// Which users are suspended where, as Identity has published it. A key given to such a user waits until the suspension ends, or forever.
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
        "access-suspended-users", partitions: 4, view: "suspensions", .on(UserSuspended.self) { event, _ in Changes(rows: rows(event)) },
        .on(UserReactivated.self) { event, _ in Changes(rows: rows(event)) },
        .on(UserErased.self) { event, _ in Changes(rows: rows(event)) })

    // `FollowPeople` also writes these rows, so that the suspension is known no matter which subscription handles the event first.

    static func rows(_ event: UserSuspended) -> [SQL] { [insert(event.user, event.tenant)] }

    /// An erased user is suspended everywhere, permanently.
    static func rows(_ event: UserErased) -> [SQL] { [insert(event.user, nil)] }

    static func rows(_ event: UserReactivated) -> [SQL] {
        guard let tenant = event.tenant else { return ["DELETE FROM access.suspensions WHERE user_id = \(event.user)"] }
        return ["DELETE FROM access.suspensions WHERE user_id = \(event.user) AND org_id = \(tenant)"]
    }

    private static func insert(_ user: UserID, _ tenant: OrgID?) -> SQL {
        "INSERT INTO access.suspensions (user_id, org_id) VALUES (\(user), \(tenant?.text ?? "")) ON CONFLICT (user_id, org_id) DO NOTHING"
    }

    static func find(_ user: UserID) -> SQL { "SELECT org_id FROM access.suspensions WHERE user_id = \(user)" }
}
