import Application
import IdentityContracts
import Kernel

/// Suspends a user. A tenant's word counts at its own doors: the person opens nothing there any more. The operator's counts
/// everywhere: the person changes nothing either.
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
    /// Makes the credentials of every process follow what the account says of suspensions.
    static func suspensions(after events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _ services: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        var after = snapshot.state
        for event in events { after.apply(event) }
        let tenants = after.suspensions.compactMap { Suspension.scope(of: $0.text) }
        return .local(Changes(rows: services.directory.suspend(UserID(snapshot.stream.id), after.isSuspendedEverywhere, tenants)))
    }
}

extension Caller {
    /// As whom a suspension is spoken: as a tenant, or as the operator of the platform.
    var suspensionAuthor: String { org?.text ?? Suspension.platform }
}
