import Application
import Kernel

/// What the identity provider calls when somebody has signed up or signed in for the first time: makes sure that the user exists.
enum SignUp {
    /// The two members that are read of the provider's envelope.
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
        secret: IdentitySettings.signUpSecret, answers: [ResponseSpec(200, "The user.", shape.schema)],
        inputs: .init(.body("detail", "The provider's envelope."))
    ) { (request: Request, services: Services, detail: Detail) in
        if let known = try await services.contact(Contacts.find(detail.email))?.user {
            if try await adopt(known, detail, services) { return .json(200, shape.json(Reply(user: known, email: detail.email))) }
            // Somebody else has typed the address for a person who is another: it is theirs who have proven it.
            _ = try await services.store.run(
                [Contacts.release(detail.email, from: known)] + services.directory.linkEmail(known, nil, .contact))
        }
        let user = try await FindUserByEmail.create(detail.email, nil, request, services)
        _ = try await services.store.run(proven(user, detail, services))
        return .json(200, shape.json(Reply(user: user, email: detail.email)))
    }

    /// The identity provider's word proves an address. A user takes it up who was created with it, or has proven it before; not
    /// one that somebody else has given it to.
    private static func adopt(_ user: UserID, _ detail: Detail, _ services: Services) async throws -> Bool {
        let row = try await services.store.query(services.directory.signIn(user)).first
        switch try row?.read("standing", as: AddressStatus.self) {
        case .proven: break
        case .invited where try row?.find("has_signed_in", as: Bool.self) != true: break
        case .invited, .contact: return false
        case nil: break  // no more is known of how the person signs in than by this address
        }
        _ = try await services.store.run(proven(user, detail, services))
        return true
    }

    private static func proven(_ user: UserID, _ detail: Detail, _ services: Services) -> [SQL] {
        [Contacts.set(subject: detail.subject, of: user)] + services.directory.linkEmail(user, detail.email.text, .proven)
    }
}
