import Kernel

/// What the identity provider calls when somebody has signed up or signed in for the first time: makes sure that the user exists.
enum SignUp {
    /// The two members that are read of the provider's envelope.
    struct Detail: WireValue {
        let email: EmailAddress
        let subject: NonEmpty

        static var schema: Schema { .object(["data": .object(["user_name": .string, "user_id": .string])]) }
        var json: JSON { ["data": ["user_name": email.json, "user_id": subject.json]] }

        static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Detail? {
            guard let detail = JSON.Object.read(raw, at: path, &reading), let data = JSON.Object.read(detail["data"], at: "\(path).data", &reading) else { return nil }
            let email = EmailAddress.read(data["user_name"], at: "\(path).data.user_name", &reading)
            let subject = NonEmpty.read(data["user_id"], at: "\(path).data.user_id", &reading)
            guard let email, let subject else { return nil }
            return Detail(email: email, subject: subject)
        }
    }

    static let operation = Operation.custom(
        .post, "/users", "Make sure that a user exists for somebody who has signed up",
        by: .optional, allow: "the identity provider with its webhook secret, or a super key",
        answers: [
            Answer(200, "The user.", .object(["success": .constant(true), "userId": .string, "email": .string])), Answer(401, "The webhook secret is missing or wrong."),
        ],
        input: .header("X-Webhook-Secret", "The secret shared with the identity provider."), .body("detail", "The provider's envelope."), .request
    ) { (services: Services, secret: String?, detail: Detail, request: Request) in
        guard mayCall(secret, request.caller, services.settings) else { throw Failure.unauthenticated("The webhook secret is missing or wrong.") }
        if let known = try await services.store.query(Contacts.find(detail.email)).first?.text("user_id").map({ UserID($0) }) {
            if try await adopt(known, detail, services) { return answer(known.text, detail.email) }
            // Somebody else has typed the address for a person who is another: it is theirs who have proven it.
            _ = try await services.store.run([Contacts.release(detail.email, from: known)] + services.directory.knowUser(known, nil, .contact))
        }
        let user = try await FindUserByEmail.create(detail.email, nil, request, services)
        _ = try await services.store.run(proven(user, detail, services))
        return answer(user.text, detail.email)
    }

    /// The identity provider's word proves an address. A user takes it up who was created with it, or has proven it before; not one that somebody else
    /// has given it to.
    private static func adopt(_ user: UserID, _ detail: Detail, _ services: Services) async throws -> Bool {
        let row = try await services.store.query(services.directory.signIn(user)).first
        switch row?.text("standing").flatMap(AddressStanding.init(rawValue:)) {
        case .proven: break
        case .invited where row?.bool("has_signed_in") != true: break
        case .invited, .contact: return false
        case nil: break  // no more is known of how the person signs in than by this address
        }
        _ = try await services.store.run(proven(user, detail, services))
        return true
    }

    private static func proven(_ user: UserID, _ detail: Detail, _ services: Services) -> [SQL] {
        [Contacts.set(subject: detail.subject, of: user)] + services.directory.knowUser(user, detail.email.text, .proven)
    }

    private static func answer(_ user: String, _ email: EmailAddress) -> Response {
        .json(200, ["success": true, "userId": .string(user), "email": email.json])
    }

    /// Without a secret only development takes the call from anybody.
    static func mayCall(_ secret: String?, _ caller: Caller, _ settings: ModuleSettings) -> Bool {
        if caller.isSuper { return true }
        guard let wanted = settings.signUpSecret else { return settings.isDevelopment && secret == nil }
        return Secret.areEqual(secret ?? "", wanted)
    }
}
