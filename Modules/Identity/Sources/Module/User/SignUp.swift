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
        if let known = try await services.store.query(Contacts.find(detail.email)).first?.text("user_id") {
            _ = try await services.store.run([Contacts.set(subject: detail.subject, of: UserID(known))])
            return answer(known, detail.email)
        }
        let user = try await FindUserByEmail.create(detail.email, nil, request, services)
        _ = try await services.store.run([Contacts.set(subject: detail.subject, of: user)])
        return answer(user.text, detail.email)
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
