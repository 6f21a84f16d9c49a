import IdentityContracts
import Kernel

/// Suspends a user. A tenant's word counts at its own doors: the person opens nothing there any more. The operator's counts everywhere: the person changes
/// nothing either.
struct SuspendUser: Command, ConcernsUser {
    let user: UserID
    let reason: Reason
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, at now: Moment) throws(NoRefusal) -> [UserAccount.Event] {
        user.suspensions.contains(OrgID(caller.suspensionAuthor)) ? [] : [.suspended(by: caller.suspensionAuthor, reason: reason.text, at: now)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/SuspendUser", "Suspend a user",
        allow: .staffOrTenant, before: .suspensions,
        input: .path("id", "Id of the user."), .body("reason", "Why."), .caller,
        make: SuspendUser.init(user:reason:caller:)
    )
}

extension Preparation where C.Target == UserAccount {
    /// Makes the credentials of every process follow what the account says of suspensions.
    static var suspensions: Preparation {
        Preparation(repeats: true) { plan, services in
            var after = plan.snapshot.state
            for event in plan.events { after.apply(event) }
            let tenants = after.suspensions.compactMap { Suspension.scope(of: $0.text) }
            return Outcome(rows: services.directory.suspend(UserID(plan.snapshot.stream.id), after.isSuspendedEverywhere, tenants))
        }
    }
}

extension Caller {
    /// As whom a suspension is spoken: as a tenant, or as the operator of the platform.
    var suspensionAuthor: String { org?.text ?? Suspension.platform }
}
