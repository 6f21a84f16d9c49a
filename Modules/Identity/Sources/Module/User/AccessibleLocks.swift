import Kernel

/// The list that the user's app shows.
struct AccessibleLocks: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "locks": .list(
            of: .object([
                "lockId": .string, "lockName": .string, "accessLevel": AccessibleLock.Level.schema, "grantedBy": .string,
                "expiresAt": .time.optional,
            ])), "totalCount": .integer,
    ])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> JSON {
        let now = services.clock(), locks = snapshot.state.accessibleLocks.lazy.filter { $0.isCurrent(at: now) }.map(Self.describe)
        let listed = Array(locks)
        return ["locks": .array(listed), "totalCount": .int(Int64(listed.count))]
    }

    /// The same until the next lock begins to count or ends.
    func steady(_ account: UserAccount, at now: Moment) -> Moment? {
        account.accessibleLocks.flatMap { [$0.validFrom, $0.validUntil] }.compactMap(\.self).filter { now < $0 }.min() ?? Moment(milliseconds: .max)
    }

    private static func describe(_ lock: AccessibleLock) -> JSON {
        [
            "lockId": lock.id.json, "lockName": .string(lock.name), "accessLevel": lock.level.json, "grantedBy": .string(lock.grantedBy),
            "expiresAt": lock.validUntil?.json,
        ]
    }

    static let operation = Operation.query(
        "/users/{id}/accessible-locks", "Read a user's list of locks", allow: .selfOrTenant, input: .path("id", "Id of the user."),
        make: AccessibleLocks.init(user:)
    )
}
