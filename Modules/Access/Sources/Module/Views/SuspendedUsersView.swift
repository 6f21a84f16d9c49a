import Kernel

/// Who is suspended, as Identity has told: a key that such a person is given waits until the suspension ends.
enum SuspendedUsersView {
    static let migration = Migration("009-suspended-users", ["CREATE TABLE access.suspended_users (user_id TEXT PRIMARY KEY)"])

    static let reaction = Reaction("access-suspended-users", from: ["identity"], hears: ["UserSuspended", "UserReactivated"], partitions: 4, isView: true) { envelope in
        let user = UserID(envelope.stream.id)
        let row: SQL =
            envelope.name == "UserSuspended"
            ? "INSERT INTO access.suspended_users (user_id) VALUES (\(user)) ON CONFLICT (user_id) DO NOTHING"
            : "DELETE FROM access.suspended_users WHERE user_id = \(user)"
        return Effects(rows: [row])
    }

    static func isSuspended(_ user: UserID) -> SQL { "SELECT 1 AS known FROM access.suspended_users WHERE user_id = \(user)" }
}
