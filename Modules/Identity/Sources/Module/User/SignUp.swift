import Application
import Kernel

/// The callback of the identity provider after a sign-up or a first sign-in: ensures that the user exists.
enum SignUp {
    /// The two members of the provider's envelope that are read.
    struct Detail: WireValue {
        let email: EmailAddress
        let subject: NonEmptyString

        static var schema: Schema { .object(["data": .object(["user_name": .string, "user_id": .string])]) }
        var json: JSON { ["data": ["user_name": email.json, "user_id": subject.json]] }

        static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Detail? {
            guard let detail = JSON.Object.read(raw, at: path, &reading),
                let data = JSON.Object.read(detail["data"], at: "\(path).data", &reading)
            else { return nil }
            let email = EmailAddress.read(data["user_name"], at: "\(path).data.user_name", &reading)
            let subject = NonEmptyString.read(data["user_id"], at: "\(path).data.user_id", &reading)
            guard let email, let subject else { return nil }
            return Detail(email: email, subject: subject)
        }
    }

    private struct Reply: Sendable {
        let user: UserID
        let email: EmailAddress
    }
    private static let shape = Shape<Reply>(.constant("success", true), .member("userId") { $0.user }, .member("email") { $0.email })

    static let operation = Operation.callback(
        "/users", "Make sure that a user exists for somebody who has signed up", from: "the identity provider", header: "X-Webhook-Secret",
        secret: IdentitySettings.signUpSecret, isOpenInDevelopment: true, answers: [ResponseSpec(200, "The user.", shape.schema)],
        inputs: .init(.body("detail", "The provider's envelope."))
    ) { (request: Request, services: Services, detail: Detail) in
        if let known = try await services.contact(Contacts.find(detail.email))?.user {
            if try await adopt(known, detail, services) { return .json(200, shape.json(Reply(user: known, email: detail.email))) }
            // The address was entered for a different user; it belongs to the one who has proven it.
            _ = try await services.store.run(
                [Contacts.release(detail.email, from: known)] + services.directory.linkEmail(known, nil, .contact))
        }
        let user = try await FindUserByEmail.create(detail.email, nil, request, services)
        _ = try await services.store.run(proven(user, detail, services))
        return .json(200, shape.json(Reply(user: user, email: detail.email)))
    }

    /// Marks the address of an existing user as proven by the identity provider, if the user was created with it and has not signed in yet,
    /// or has proven it before. Returns false otherwise, for example if somebody else entered the address.
    private static func adopt(_ user: UserID, _ detail: Detail, _ services: Services) async throws -> Bool {
        let row = try await services.store.query(services.directory.signIn(user)).first
        switch try row?.read("standing", as: AddressStatus.self) {
        case .proven: break
        case .invited where try row?.find("has_signed_in", as: Bool.self) != true: break
        case .invited, .contact: return false
        case nil: break  // this address is all that is known about how the user signs in
        }
        _ = try await services.store.run(proven(user, detail, services))
        return true
    }

    private static func proven(_ user: UserID, _ detail: Detail, _ services: Services) -> [SQL] {
        [Contacts.set(subject: detail.subject, of: user)] + services.directory.linkEmail(user, detail.email.text, .proven)
    }
}
