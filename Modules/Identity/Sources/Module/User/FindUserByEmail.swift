import Application
import Kernel

/// Finds a user by e-mail address, and creates one if there is none, unless only a search was requested.
enum FindUserByEmail {
    enum SearchOnly: String, CaseIterable, WireValue { case yes = "true", no = "false" }

    private static let shape = Shape<Contact>(
        .member("uuid") { $0.user }, .member("email") { $0.email ?? "" }, .member("created_at") { $0.createdAt })

    static let operation = Operation.custom(
        .get, "/users/by-email", "Find or create a user by e-mail address",
        allow: Rule("an API key, or the user with that address") { _, _, caller in caller.isKeyOrUser },
        answers: [
            ResponseSpec(200, "The user.", shape.schema), ResponseSpec(404, "No user has the address; only with searchOnly=true."),
            ResponseSpec(409, "The wanted uuid belongs to another user."),
        ],
        inputs: .init(
            .query("email", "The address."),
            .query("uuid", "Id for a user that has to be created."),
            .query("searchOnly", "Exactly true: never create.", default: SearchOnly.no))
    ) { (request: Request, services: Services, email: EmailAddress, uuid: UUIDText?, searchOnly: SearchOnly) in
        if case .user(_, let own) = request.caller, own?.hasSameBytes(as: email.text) != true {
            throw RequestError.refused(.forbidden, code: nil, message: "Users may look up their own address only.")
        }
        if let found = try await services.contact(Contacts.find(email)) { return .json(200, shape.json(found)) }
        guard searchOnly == .no else { throw RequestError.refused(.unknown, code: nil, message: "No user has this address.") }
        _ = try await create(email, uuid, request, services)
        guard let made = try await services.contact(Contacts.find(email)) else {
            throw RequestError.refused(.conflict, code: nil, message: "The uuid belongs to another user.")
        }
        return .json(200, shape.json(made))
    }

    /// Creates the user, unless another request does so at the same time; returns the user that has the address then.
    static func create(_ email: EmailAddress, _ uuid: UUIDText?, _ request: Request, _ services: Services) async throws -> UserID {
        let id = request.caller.user.map { UUIDText($0.text) } ?? uuid ?? request.identifier(for: "user")
        let command = CreateUser(
            user: UserID(id.text), named: id, email: email, firstName: nil, lastName: nil, phoneNumber: nil, caller: request.caller)
        do { _ = try await services.execute(command, for: request.unrecorded) } catch RequestError.refused(.invalid, _, _) {
            // another request has created the user meanwhile
        }
        guard let made = try await services.contact(Contacts.find(email)) else {
            throw RequestError.refused(.conflict, code: nil, message: "The uuid belongs to another user.")
        }
        return made.user
    }
}

extension Caller {
    var isKeyOrUser: Bool {
        switch self {
        case .key, .user: true
        case .staff, .anonymous: false
        }
    }
}
