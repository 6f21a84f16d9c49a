import Application
import Kernel

/// Removes a lock from the list that the user's app shows.
struct RemoveAccessibleLock: Command, ConcernsUser {
    let user: UserID
    let lock: AccessibleLock.ID
    let removedBy: String
    let reason: String

    var target: String { user.text }

    enum Refusal: DomainError {
        case notListed
        var kind: RefusalKind { .invalid }
        var message: String { "The lock is not in the list." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard user.lists(lock) else { throw .notListed }
        return [.accessibleLockRemoved(lock, by: removedBy, reason: reason, at: now)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        events.isEmpty ? .none : .local(Changes(rows: [LockGivers.remove(lock, from: user)]))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemoveAccessibleLock", "Take a lock from a user's list",
        allow: .selfOrTenant,
        answer: .event(and: .member("lockId") { $0.command.lock }, .member("removedAt") { $0.at }),
        inputs: .init(
            .path("id", "Id of the user."),
            .body("lockId", "The lock, as the app knows it."),
            .body("removedBy", "Who removed it."),
            .body("reason", "Why.")), make: RemoveAccessibleLock.init(user:lock:removedBy:reason:)
    )
}
