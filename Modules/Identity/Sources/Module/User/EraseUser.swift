import Application
import Kernel

/// Erases a user: contact data is deleted, the key that encrypts personal fields in the log is destroyed, tokens stop working, and the
/// user's keys and doorbell entries are removed from the locks. Ids and the log remain.
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
                rows: [Contacts.remove(user), DeviceLinks.forget(user), PlateRows.forget(user), LockGivers.forget(user)]
                    + directory.linkEmail(user, nil, .contact)
                    + directory.suspend(user, true, [])
                    + directory.forget(user)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/EraseUser", "Erase a person, for good",
        allow: Rule("staff, or a super key", by: .staffOrKey) { _, _, caller in caller.isStaff || caller.isSuper },
        answer: .accepted,
        inputs: .init(.path("id", "Id of the user."), .caller), make: EraseUser.init(user:caller:)
    )
}
