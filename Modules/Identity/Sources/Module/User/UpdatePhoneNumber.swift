import Application
import Kernel

/// Sets or removes a user's phone number. The event contains a masked form; only the contacts have the number.
struct UpdatePhoneNumber: Command, ConcernsUser {
    let user: UserID
    let phone: Nullable<PhoneNumber>

    var target: String { user.text }

    enum Refusal: DomainError {
        case taken
        var kind: RefusalKind { .conflict }
        var message: String { "The phone number belongs to another user." }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("phone") ? .taken : nil }

    /// The stored number.
    struct Facts: Sendable {
        let phone: String?
    }

    func facts(on snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Facts {
        Facts(phone: try await services.store.query(Contacts.find(user)).first?.find("phone", as: String.self))
    }

    func decide(_ user: UserAccount, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        let isSame = facts.phone.map(ExactText.init) == (phone.value?.text).map(ExactText.init)
        return isSame ? [] : [.phoneUpdated(masked: phone.value?.masked)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _ facts: Facts, _ request: Request, _ services: Services
    ) -> Effect {
        events.isEmpty ? .none : .local(Changes(rows: [Contacts.set(phone: phone.value, of: user)]))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdatePhoneNumber", "Set or remove a user's phone number",
        allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user."), .body("phoneNumber", "The number in international form; null removes it.")),
        make: UpdatePhoneNumber.init(user:phone:)
    )
}
