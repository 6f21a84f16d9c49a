import Application
import Kernel

/// Adds a lock to the list that the user's app shows.
struct AddAccessibleLock: Command, ConcernsUser {
    let user: UserID
    let lock: AccessibleLock.ID
    let name: String
    let level: AccessibleLock.Level
    let validFrom: Timestamp?
    let validUntil: Timestamp?
    let grantedBy: String

    var target: String { user.text }

    enum Refusal: DomainError {
        case listedAlready, endsBeforeItBegins, isFull
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .listedAlready: "The lock is in the list already."
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .isFull: "A user has at most \(UserAccount.maxAccessibleLocks) locks in the list."
            }
        }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard !user.lists(lock) else { throw .listedAlready }
        guard user.accessibleLocks.count < UserAccount.maxAccessibleLocks else { throw .isFull }
        if let validFrom, let validUntil, validUntil <= validFrom { throw .endsBeforeItBegins }
        return [
            .accessibleLockAdded(
                AccessibleLock(
                    id: lock, name: name, level: level, grantedBy: grantedBy, validFrom: validFrom, validUntil: validUntil))
        ]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        guard case .accessibleLockAdded(let lock)? = events.first else { return .none }
        return .local(Changes(rows: LockGivers.add(lock, to: user, by: request.caller)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddAccessibleLock", "Put a lock into a user's list",
        allow: .selfOrTenant,
        answer: .event(and: .member("lockId") { $0.command.lock }, .member("accessLevel") { $0.command.level }),
        inputs: .init(
            .path("id", "Id of the user."),
            .body("lockId", "The lock, as the app knows it."),
            .body("lockName", "What the list shows."),
            .body("accessLevel", "How the user stands to the lock."),
            .body("validFrom", "From when."),
            .body("validUntil", "Until when."),
            .body("grantedBy", "Who granted it.")), make: AddAccessibleLock.init(user:lock:name:level:validFrom:validUntil:grantedBy:)
    )
}
