import Kernel

/// Who is suspended or erased, as Identity has told: a key that such a person is given waits until the suspension ends, or for ever.
enum SuspendedUsersView {
    static let migration = Migration("009-suspended-users", ["CREATE TABLE access.suspended_users (user_id TEXT PRIMARY KEY)"])

    static let reaction = Reaction(
        "access-suspended-users", from: ["identity"], hears: ["UserSuspended", "UserReactivated", "UserErased"], partitions: 4, view: "suspended_users"
    ) { Effects(rows: [row(for: $0)]) }

    /// Written also by what follows from a suspension, so that it is known from that moment on whoever hears of it first.
    static func row(for envelope: Envelope) -> SQL {
        let user = UserID(envelope.stream.id)
        return envelope.name == "UserReactivated"
            ? "DELETE FROM access.suspended_users WHERE user_id = \(user)"
            : "INSERT INTO access.suspended_users (user_id) VALUES (\(user)) ON CONFLICT (user_id) DO NOTHING"
    }

    static func isSuspended(_ user: UserID) -> SQL { "SELECT 1 AS known FROM access.suspended_users WHERE user_id = \(user)" }
}
