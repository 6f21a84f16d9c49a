import Kernel

/// Ends a suspension.
struct ReactivateUser: Command, ConcernsUser {
    let user: UserID
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, at now: Moment) throws(NoRefusal) -> [UserAccount.Event] {
        user.isSuspended ? [.reactivated(by: caller.publicName, at: now)] : []
    }

    private static let directory = Preparation<ReactivateUser>(repeats: true) { plan, services in
        .init(rows: services.directory.suspend(plan.command.user, false))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/ReactivateUser", "End the suspension of a user",
        allow: .staffOrTenant, before: directory,
        input: .path("id", "Id of the user."), .caller,
        make: ReactivateUser.init(user:caller:)
    )
}
