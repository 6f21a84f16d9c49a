import Application
import Kernel

/// Creates a user. The event contains no contact data, which goes into its own table.
struct CreateUser: Command, ConcernsUser {
    let user: UserID
    let named: UUIDText
    let email: EmailAddress?
    let firstName: Name?
    let lastName: Name?
    let phoneNumber: PhoneNumber?
    let caller: Caller
    /// Whether the number is stored, as for users who are found by it; otherwise UpdatePhoneNumber stores it.
    var keepsPhone = false

    static let createsAggregate = true
    var target: String { user.text }

    enum Refusal: DomainError {
        case otherUser, emailTaken, phoneTaken, wasErased
        var kind: RefusalKind { self == .phoneTaken || self == .wasErased ? .conflict : .invalid }
        var message: String {
            switch self {
            case .otherUser: "The body's userId must be the id in the path."
            case .emailTaken: "The e-mail address belongs to another user."
            case .phoneTaken: "The phone number belongs to another user."
            case .wasErased: "The id belonged to a person whose data was erased."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? {
        if constraint.contains("email") { return .emailTaken }
        return constraint.contains("phone") ? .phoneTaken : nil
    }

    func decide(_ state: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard UserID(named.text) == user else { throw .otherUser }
        guard !state.isErased else { throw .wasErased }
        guard !state.exists else { return [] }  // creating an existing user is not an error
        return [.created(user, org: caller.org)]
    }

    /// Stores the user's contact data, and links the address to the user for tokens.
    func effect(of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services)
        -> Effect
    {
        guard !events.isEmpty else { return .none }
        let contact = Contacts.insert(
            user, email: email, first: firstName?.text, last: lastName?.text, phone: keepsPhone ? phoneNumber : nil, at: request.attempt.now
        )
        return .local(Changes(rows: [contact] + services.directory.linkEmail(user, email?.text, request.caller.standing(ofNew: email))))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/CreateUser", "Create a user",
        allow: .selfOrTenant,
        answer: .event(and: .member("userId") { $0.command.user }),
        inputs: .init(
            .path("id", "Id of the user, a UUID."),
            .body("userId", "The same id."),
            .body("email", "E-mail address, unique among users."),
            .body("firstName", "First name."),
            .body("lastName", "Last name."),
            .body("phoneNumber", "Phone number; checked, not stored."),
            .caller), make: { CreateUser(user: $0, named: $1, email: $2, firstName: $3, lastName: $4, phoneNumber: $5, caller: $6) }
    )
}

extension Caller {
    /// Returns the status of an address that a user is created with; it depends on the caller.
    func standing(ofNew email: EmailAddress?) -> AddressStatus {
        switch self {
        case .key(_, isSuper: true), .staff: .proven
        case .key(_, isSuper: false): .invited
        case .user(_, let own): own.flatMap { own in email?.text.hasSameBytes(as: own) } == true ? .proven : .contact
        case .anonymous: .contact
        }
    }
}
