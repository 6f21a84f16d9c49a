import Application
import IdentityContracts
import Kernel

/// Lifts suspensions of a user: a tenant lifts its own, the operator of the platform lifts all of them.
struct ReactivateUser: Command, ConcernsUser {
    let user: UserID
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [UserAccount.Event] {
        let author = caller.suspensionAuthor
        let ends = Suspension.scope(of: author) == nil ? !user.suspensions.isEmpty : user.suspensions.contains(OrgID(author))
        return ends ? [.reactivated(by: author, at: now)] : []
    }

    func effect(of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services)
        -> Effect
    {
        .suspensions(after: events, on: snapshot, services)
    }

    static let operation = Operation.command(
        .post, "/users/{id}/ReactivateUser", "End the suspension of a user",
        allow: .staffOrTenant,
        inputs: .init(.path("id", "Id of the user."), .caller), make: ReactivateUser.init(user:caller:)
    )
}
