import Kernel

/// Suspends a user: from this moment the person opens nothing and changes nothing, anywhere.
struct SuspendUser: Command, ConcernsUser {
    let user: UserID
    let reason: Reason
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, at now: Moment) throws(NoRefusal) -> [UserAccount.Event] {
        user.isSuspended ? [] : [.suspended(by: caller.publicName, reason: reason.text, at: now)]
    }

    private static let directory = Preparation<SuspendUser>(repeats: true) { plan, services in
        .init(rows: services.directory.suspend(plan.command.user, true))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/SuspendUser", "Suspend a user",
        allow: .staffOrTenant, before: directory,
        input: .path("id", "Id of the user."), .body("reason", "Why."), .caller,
        make: SuspendUser.init(user:reason:caller:)
    )
}
