import Kernel

/// Sets a user's phone number, or removes it. The event carries a mask; the number stands in the contacts alone.
struct UpdatePhoneNumber: Command, ConcernsUser {
    let user: UserID
    let phone: Nullable<PhoneNumber>

    var target: String { user.text }

    enum Refusal: Refused {
        case taken
        var kind: RefusalKind { .conflict }
        var words: String { "The phone number belongs to another user." }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("phone") ? .taken : nil }

    func decide(_ user: UserAccount, at now: Moment) throws(Refusal) -> [UserAccount.Event] { [.phoneUpdated(masked: phone.value?.masked)] }

    private static let contacts = Preparation<UpdatePhoneNumber>(repeats: true) { plan, services in
        let command = plan.command, contact = try await services.store.query(Contacts.find(command.user)).first
        guard contact?.text("phone").map(ExactText.init) != (command.phone.value?.text).map(ExactText.init) else { return .nothingToDo }
        return .init(rows: [Contacts.set(phone: command.phone.value, of: command.user)])
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdatePhoneNumber", "Set or remove a user's phone number",
        allow: .selfOrTenant, before: contacts,
        input: .path("id", "Id of the user."), .body("phoneNumber", "The number in international form; null removes it."),
        make: UpdatePhoneNumber.init(user:phone:)
    )
}
