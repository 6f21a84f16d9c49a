import Application
import IdentityContracts
import Kernel

/// Suspends a user. A suspension by a tenant applies at its own doors, which the user can no longer open. One by the operator of the
/// platform applies everywhere, and the user cannot change anything either.
struct SuspendUser: Command, ConcernsUser {
    let user: UserID
    let reason: Reason
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [UserAccount.Event] {
        user.suspensions.contains(OrgID(caller.suspensionAuthor))
            ? [] : [.suspended(by: caller.suspensionAuthor, reason: reason.text, at: now)]
    }

    func effect(of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services)
        -> Effect
    {
        .suspensions(after: events, on: snapshot, services)
    }

    static let operation = Operation.command(
        .post, "/users/{id}/SuspendUser", "Suspend a user",
        allow: .staffOrTenant,
        inputs: .init(.path("id", "Id of the user."), .body("reason", "Why."), .caller), make: SuspendUser.init(user:reason:caller:)
    )
}

extension Effect {
    /// Applies the account's suspensions to the credentials in every process.
    static func suspensions(after events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _ services: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        var after = snapshot.state
        for event in events { after.apply(event) }
        let tenants = after.suspensions.compactMap { Suspension.scope(of: $0.text) }
        return .local(Changes(rows: services.directory.suspend(UserID(snapshot.stream.id), after.isSuspendedEverywhere, tenants)))
    }
}

extension Caller {
    /// The author of a suspension: the caller's tenant, or the operator of the platform.
    var suspensionAuthor: String { org?.text ?? Suspension.platform }
}
