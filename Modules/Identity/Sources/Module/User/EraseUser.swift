import Application
import Kernel

/// Erases a person: contact data is deleted, the key under which the log keeps personal fields is destroyed, tokens stop working, and the
/// person's keys and doorbell entries leave the locks. Ids stay, and so does the log.
struct EraseUser: Command, ConcernsUser {
    let user: UserID
    let caller: Caller

    var target: String { user.text }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [UserAccount.Event] {
        [.erased(by: caller.name, at: now)]
    }

    func effect(of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services)
        -> Effect
    {
        let directory = services.directory
        return .local(
            Changes(
                rows: [Contacts.remove(user)] + directory.linkEmail(user, nil, .contact) + directory.suspend(user, true, [])
                    + directory.forget(user)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/EraseUser", "Erase a person, for good",
        allow: Rule("staff, or a super key", by: .staffOrKey) { _, _, caller in caller.isStaff || caller.isSuper },
        answer: .accepted,
        inputs: .init(.path("id", "Id of the user."), .caller), make: EraseUser.init(user:caller:)
    )
}
