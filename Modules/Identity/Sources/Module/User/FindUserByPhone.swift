import Kernel

/// Finds a person by phone number, and makes one when there is none and a search alone was not asked for.
enum FindUserByPhone {
    private static let schema = Schema.object([
        "uuid": .string, "email": Schema.string.nullable, "phoneNumber": Schema.string.nullable, "created_at": .time,
    ])

    static let operation = Operation.custom(
        .get, "/users/by-phone", "Find or create a user by phone number",
        by: .client, allow: "an API key, or the user with that number",
        answers: [
            Answer(200, "The user.", schema), Answer(404, "No user has the number; only with searchOnly=true."),
            Answer(409, "The wanted uuid or e-mail address belongs to another user."),
        ],
        input:
            .query("phoneNumber", "The number in international form."),
        .query("email", "Address for a user that has to be created."),
        .query("uuid", "Id for a user that has to be created."),
        .query("searchOnly", "Exactly true: never create.", default: FindUserByEmail.SearchOnly.no),
        .request
    ) { (services: Services, phone: PhoneNumber, email: EmailAddress?, uuid: UUIDText?, searchOnly: FindUserByEmail.SearchOnly, request: Request) in
        let found = try await services.store.query(Contacts.find(phone)).first
        if let own = request.caller.user, found?.text("user_id").map({ UserID($0) }) != own {
            throw Failure.refused(.forbidden, code: nil, words: "Users may look up their own number only.")
        }
        if let found { return describe(found) }
        guard searchOnly == .no else { throw Failure.refused(.unknown, code: nil, words: "No user has this number.") }
        return try await create(phone, email, uuid, request, services)
    }

    private static func create(
        _ phone: PhoneNumber, _ email: EmailAddress?, _ uuid: UUIDText?, _ request: Request, _ services: Services
    ) async throws -> Response {
        let id = uuid ?? request.identifier(for: "user")
        let command = CreateUser(
            user: UserID(id.text), named: id, email: email, firstName: nil, lastName: nil, phoneNumber: phone, caller: request.caller, keepsPhone: true)
        do { _ = try await services.execute(command, for: request.unrecorded) } catch Failure.refused(.invalid, _, _) {
            throw Failure.refused(.conflict, code: nil, words: "The e-mail address belongs to another user.")
        } catch Failure.refused(.conflict, _, _) {
            // somebody else has made the user meanwhile
        }
        guard let made = try await services.store.query(Contacts.find(phone)).first else {
            throw Failure.refused(.conflict, code: nil, words: "The uuid belongs to another user.")
        }
        return describe(made)
    }

    private static func describe(_ contact: Row) -> Response {
        .json(
            200,
            [
                "uuid": .string(contact.text("user_id") ?? ""), "email": contact.text("email").map(JSON.string) ?? .null,
                "phoneNumber": contact.text("phone").map(JSON.string) ?? .null, "created_at": contact.moment("created_at")?.json ?? .null,
            ])
    }
}
