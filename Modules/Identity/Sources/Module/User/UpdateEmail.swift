import Kernel

/// Gives an address to a user who has none. The event carries a mask; the address stands in the contacts alone.
struct UpdateEmail: Command, ConcernsUser {
    let user: UserID
    let email: EmailAddress

    var target: String { user.text }

    enum Refusal: Refused {
        case hasOne, taken
        var kind: RefusalKind { .conflict }
        var words: String {
            switch self {
            case .hasOne: "The user has an e-mail address already."
            case .taken: "The e-mail address belongs to another user."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("email") ? .taken : nil }

    func decide(_ user: UserAccount, at now: Moment) throws(Refusal) -> [UserAccount.Event] { [.emailUpdated(masked: email.masked)] }

    private static let contacts = Preparation<UpdateEmail>(repeats: true) { plan, services in
        let command = plan.command
        let contact = try await services.store.query(Contacts.find(command.user)).first
        guard contact?.text("email") == nil else { throw Failure(Refusal.hasOne) }
        return .init(rows: [Contacts.set(email: command.email, of: command.user)] + services.directory.knowUser(command.user, command.email.text))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdateEmail", "Give an e-mail address to a user who has none",
        allow: .selfOrTenant, before: contacts,
        input: .path("id", "Id of the user."), .body("email", "The address, unique among users."),
        make: UpdateEmail.init(user:email:)
    )
}
