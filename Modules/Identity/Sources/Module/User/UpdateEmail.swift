import Kernel

/// Gives an address to a user who has none. The event carries a mask; the address stands in the contacts alone.
///
/// An address that somebody else has typed is there to write to: it signs nobody in. A person's own address counts when the token proves it, and waits
/// otherwise.
struct UpdateEmail: Command, ConcernsUser {
    let user: UserID
    let email: EmailAddress

    var target: String { user.text }

    enum Refusal: Refused {
        case hasOne, taken, isSomebody
        var kind: RefusalKind { self == .isSomebody ? .forbidden : .conflict }
        var words: String {
            switch self {
            case .hasOne: "The user has an e-mail address already."
            case .taken: "The e-mail address belongs to another user."
            case .isSomebody: "A tenant gives addresses only to users that it has created and that have not signed in yet."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("email") ? .taken : nil }

    func decide(_ user: UserAccount, at now: Moment) throws(Refusal) -> [UserAccount.Event] { [.emailUpdated(masked: email.masked)] }

    private static let contacts = Preparation<UpdateEmail>(repeats: true) { plan, services in
        let command = plan.command, directory = services.directory
        let rows = try await services.store.read([Contacts.find(command.user), directory.signIn(command.user)])
        guard rows[0].first?.text("email") == nil else { throw Failure(Refusal.hasOne) }
        let standing: AddressStanding
        switch plan.request.caller {
        case .key(_, isSuper: true), .staff: standing = .proven
        case .key(let tenant, isSuper: false):
            let isSomebody = rows[1].first?.bool("has_signed_in") ?? false || rows[1].first?.text("standing") == AddressStanding.proven.rawValue
            guard plan.snapshot.state.org == tenant, !isSomebody else { throw Failure(Refusal.isSomebody) }
            standing = .contact
        case .user(_, let own) where own?.hasSameBytes(as: command.email.text) == true: standing = .proven
        case .user, .anonymous:
            _ = try await services.store.run([Contacts.set(pending: command.email, of: command.user)])
            return .nothingToDo
        }
        return .init(rows: [Contacts.set(email: command.email, of: command.user)] + directory.knowUser(command.user, command.email.text, standing))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdateEmail", "Give an e-mail address to a user who has none; a person's own waits until a token proves it",
        allow: .selfOrTenant, before: contacts,
        input: .path("id", "Id of the user."), .body("email", "The address, unique among users."),
        make: UpdateEmail.init(user:email:)
    )
}
