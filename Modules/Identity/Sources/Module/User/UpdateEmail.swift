import Application
import Kernel

/// Gives an address to a user who has none. The event contains a masked form; only the contacts have the address.
///
/// An address that somebody else has entered is only for correspondence and does not allow signing in. A user's own address counts if the
/// token proves it, and otherwise stays pending.
struct UpdateEmail: Command, ConcernsUser {
    let user: UserID
    let email: EmailAddress

    var target: String { user.text }

    enum Refusal: DomainError {
        case hasOne, taken, isSomebody
        var kind: RefusalKind { self == .isSomebody ? .forbidden : .conflict }
        var message: String {
            switch self {
            case .hasOne: "The user has an e-mail address already."
            case .taken: "The e-mail address belongs to another user."
            case .isSomebody: "A tenant gives addresses only to users that it has created and that have not signed in yet."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("email") ? .taken : nil }

    /// Whether the user has an address, whether the user has signed in or has a proven address, and the caller.
    struct Facts: Sendable {
        let hasOne: Bool
        let isSomebody: Bool
        let caller: Caller
    }

    func facts(on snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Facts {
        let rows = try await services.store.read([Contacts.find(user), services.directory.signIn(user)])
        let hasSignedIn = try rows[1].first?.read("has_signed_in", as: Bool.self) ?? false
        let status: AddressStatus? = try rows[1].first?.read("standing")
        let email: String? = try rows[0].first?.find("email")
        return Facts(hasOne: email != nil, isSomebody: hasSignedIn || status == .proven, caller: request.caller)
    }

    /// Returns the status of the address; nil if it stays pending until a token proves it.
    private func standing(by caller: Caller) -> AddressStatus? {
        switch caller {
        case .key(_, isSuper: true), .staff: .proven
        case .key(_, isSuper: false): .contact
        case .user(_, let own): own?.hasSameBytes(as: email.text) == true ? .proven : nil
        case .anonymous: nil
        }
    }

    func decide(_ user: UserAccount, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard !facts.hasOne else { throw .hasOne }
        if let tenant = facts.caller.org { guard user.org == tenant, !facts.isSomebody else { throw .isSomebody } }
        return standing(by: facts.caller) == nil ? [] : [.emailUpdated(masked: email.masked)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _ facts: Facts, _ request: Request, _ services: Services
    ) -> Effect {
        guard let standing = standing(by: facts.caller) else { return .local(Changes(rows: [Contacts.set(pending: email, of: user)])) }
        return .local(Changes(rows: [Contacts.set(email: email, of: user)] + services.directory.linkEmail(user, email.text, standing)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdateEmail", "Give an e-mail address to a user who has none; a person's own waits until a token proves it",
        allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user."), .body("email", "The address, unique among users.")),
        make: UpdateEmail.init(user:email:)
    )
}
