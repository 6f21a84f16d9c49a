public import Kernel

extension Operation {
    /// An operation that responds with a page or redirects the browser to one. `render` itself reports failures behind a page in a page.
    public static func page<each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow rule: Rule<NoSubject, NoSubject>, answers: [ResponseSpec],
        inputs: Inputs<repeat each Input>,
        render: @escaping @Sendable (Request, Services, repeat each Input) async throws -> Response
    ) -> Operation {
        Operation(.page, method, path, summary, allow: rule, fields: inputs.docs, answers: answers) { request, services in
            let values = try inputs.read(request)
            try await rule.check(NoSubject(), NoSubject(), request.caller, services)
            return try await render(request, services, repeat each values)
        }
    }

    /// A call by another service that authenticates with a shared secret; a super key is always accepted.
    /// - Parameters:
    ///   - party: the calling service, as documents name it.
    ///   - header: the header with the secret.
    ///   - isOpenInDevelopment: whether development accepts the call without a secret while none is set.
    public static func callback<each Input: Sendable>(
        _ path: String, _ summary: String, from party: String, header: String, secret: Setting<String?>,
        isOpenInDevelopment: Bool, answers: [ResponseSpec],
        inputs: Inputs<repeat each Input>,
        take: @escaping @Sendable (Request, Services, repeat each Input) async throws -> Response
    ) -> Operation {
        let proof = Inputs<String?>(.header(header, "The secret shared with \(party)."))
        let rule = Rule<String, SettingValues>("\(party) with the secret \(secret.doc.name), or a super key", by: .optional) {
            given, settings, caller in
            if caller.isSuper { return true }
            guard let wanted = settings[secret] else { return isOpenInDevelopment && settings.isDevelopment && given.isEmpty }
            return Secret.areEqual(given, wanted)
        }
        let all = answers + [ResponseSpec(401, "The secret is missing or wrong.")]
        return Operation(.callback, .post, path, summary, allow: rule, fields: proof.docs + inputs.docs, answers: all) {
            request, services in
            // A caller without proof must learn nothing about the body.
            guard rule.permits(request.header(header) ?? "", services.settings, request.caller) else {
                throw RequestError.unauthenticated("The secret is missing or wrong.")
            }
            let values = try inputs.read(request)
            return try await take(request, services, repeat each values)
        }
    }

    /// An operation that fits no other kind. Its rule is checked against the caller alone; `handle` enforces the rest of it.
    public static func custom<each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow rule: Rule<NoSubject, NoSubject>, answers: [ResponseSpec],
        inputs: Inputs<repeat each Input>,
        handle: @escaping @Sendable (Request, Services, repeat each Input) async throws -> Response
    ) -> Operation {
        Operation(.custom, method, path, summary, allow: rule, fields: inputs.docs, answers: answers) { request, services in
            let values = try inputs.read(request)
            try await rule.check(NoSubject(), NoSubject(), request.caller, services)
            return try await handle(request, services, repeat each values)
        }
    }
}
