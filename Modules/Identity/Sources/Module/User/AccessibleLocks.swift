import Application
import Kernel

/// The list of locks that the user's app shows.
struct AccessibleLocks: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    private static let listed = Shape<AccessibleLock>(
        .member("lockId") { $0.id }, .member("lockName") { $0.name }, .member("accessLevel") { $0.level },
        .member("grantedBy") { $0.grantedBy },
        .member("expiresAt") { $0.validUntil })
    static let shape = Shape<[AccessibleLock]>(.list("locks", of: listed) { $0 }, .member("totalCount") { $0.count })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> [AccessibleLock] {
        let now = services.clock()
        return snapshot.state.accessibleLocks.filter { $0.isCurrent(at: now) }
    }

    /// Returns until when the reply stays the same: the next time at which a lock becomes current or expires.
    func steady(_ account: UserAccount, at now: Timestamp) -> Timestamp? {
        account.accessibleLocks.flatMap { [$0.validFrom, $0.validUntil] }.compactMap(\.self).filter { now < $0 }.min()
            ?? Timestamp(milliseconds: .max)
    }

    static let operation = Operation.query(
        "/users/{id}/accessible-locks", "Read a user's list of locks", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: AccessibleLocks.init(user:)
    )
}
