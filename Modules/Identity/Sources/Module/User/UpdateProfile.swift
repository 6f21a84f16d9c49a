import Kernel

/// Changes a user's names. The event tells which, not to what.
struct UpdateProfile: Command, ConcernsUser {
    let user: UserID
    let firstName: NonEmpty?
    let lastName: NonEmpty?

    var target: String { user.text }

    enum Refusal: Refused {
        case nothingGiven
        var kind: RefusalKind { .invalid }
        var words: String { "firstName or lastName is needed." }
    }

    func decide(_ user: UserAccount, at now: Moment) throws(Refusal) -> [UserAccount.Event] {
        let fields: [UserAccount.ProfileField] = (firstName == nil ? [] : [.firstName]) + (lastName == nil ? [] : [.lastName])
        guard !fields.isEmpty else { throw .nothingGiven }
        return [.profileUpdated(fields)]
    }

    private static let contacts = Preparation<UpdateProfile>(repeats: true) { plan, services in
        let command = plan.command, contact = try await services.store.query(Contacts.find(command.user)).first
        let first = command.firstName?.text ?? contact?.text("first_name"), last = command.lastName?.text ?? contact?.text("last_name")
        guard first != contact?.text("first_name") || last != contact?.text("last_name") else { return .nothingToDo }
        return .init(rows: [Contacts.set(first: first, last: last, of: command.user)])
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdateProfile", "Change a user's names",
        allow: .creator, before: contacts,
        input: .path("id", "Id of the user."), .body("firstName", "First name."), .body("lastName", "Last name."),
        make: UpdateProfile.init(user:firstName:lastName:)
    )
}
