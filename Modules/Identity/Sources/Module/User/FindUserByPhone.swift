import Application
import Kernel

/// Finds a user by phone number, and creates one if there is none, unless only a search was requested.
enum FindUserByPhone {
    private static let shape = Shape<Contact>(
        .member("uuid") { $0.user }, .member("email") { Nullable($0.email) }, .member("phoneNumber") { Nullable($0.phone) },
        .member("created_at") { $0.createdAt })

    static let operation = Operation.custom(
        .get, "/users/by-phone", "Find or create a user by phone number",
        allow: Rule("an API key, or the user with that number") { _, _, caller in caller.isKeyOrUser },
        answers: [
            ResponseSpec(200, "The user.", shape.schema), ResponseSpec(404, "No user has the number; only with searchOnly=true."),
            ResponseSpec(409, "The wanted uuid or e-mail address belongs to another user."),
        ],
        inputs: .init(
            .query("phoneNumber", "The number in international form."),
            .query("email", "Address for a user that has to be created."),
            .query("uuid", "Id for a user that has to be created."),
            .query("searchOnly", "Exactly true: never create.", default: FindUserByEmail.SearchOnly.no))
    ) {
        (
            request: Request, services: Services, phone: PhoneNumber, email: EmailAddress?, uuid: UUIDText?,
            searchOnly: FindUserByEmail.SearchOnly
        ) in
        let found = try await services.contact(Contacts.find(phone))
        if let own = request.caller.user, found?.user != own {
            throw RequestError.refused(.forbidden, code: nil, message: "Users may look up their own number only.")
        }
        if let found { return .json(200, shape.json(found)) }
        guard searchOnly == .no else { throw RequestError.refused(.unknown, code: nil, message: "No user has this number.") }
        return try await create(phone, email, uuid, request, services)
    }

    private static func create(
        _ phone: PhoneNumber, _ email: EmailAddress?, _ uuid: UUIDText?, _ request: Request, _ services: Services
    ) async throws -> Response {
        let id = uuid ?? request.identifier(for: "user")
        let command = CreateUser(
            user: UserID(id.text), named: id, email: email, firstName: nil, lastName: nil, phoneNumber: phone, caller: request.caller,
            keepsPhone: true)
        do { _ = try await services.execute(command, for: request.unrecorded) } catch RequestError.refused(.invalid, _, _) {
            throw RequestError.refused(.conflict, code: nil, message: "The e-mail address belongs to another user.")
        } catch RequestError.refused(.conflict, _, _) {
            // another request has created the user meanwhile
        }
        guard let made = try await services.contact(Contacts.find(phone)) else {
            throw RequestError.refused(.conflict, code: nil, message: "The uuid belongs to another user.")
        }
        return .json(200, shape.json(made))
    }
}
