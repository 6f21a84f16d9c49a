public import Kernel

extension Operation {
    /// An operation that answers with a page, or sends a browser to one. What goes wrong behind a page is told in a page by
    /// `render` itself.
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

    /// A call by another service that proves itself with a shared secret. Without the secret's setting only development takes it,
    /// and only from callers that send none; a super key may always call.
    /// - Parameters:
    ///   - party: who calls, as documents say it.
    ///   - header: the header with the secret.
    public static func callback<each Input: Sendable>(
        _ path: String, _ summary: String, from party: String, header: String, secret: Setting<String?>, answers: [ResponseSpec],
        inputs: Inputs<repeat each Input>,
        take: @escaping @Sendable (Request, Services, repeat each Input) async throws -> Response
    ) -> Operation {
        let proof = Inputs<String?>(.header(header, "The secret shared with \(party)."))
        let rule = Rule<String, SettingValues>("\(party) with the secret \(secret.doc.name), or a super key", by: .optional) {
            given, settings, caller in
            if caller.isSuper { return true }
            guard let wanted = settings[secret] else { return settings.isDevelopment && given.isEmpty }
            return Secret.areEqual(given, wanted)
        }
        let all = answers + [ResponseSpec(401, "The secret is missing or wrong.")]
        return Operation(.callback, .post, path, summary, allow: rule, fields: proof.docs + inputs.docs, answers: all) {
            request, services in
            // Who does not prove anything learns nothing about the body.
            guard rule.permits(request.header(header) ?? "", services.settings, request.caller) else {
                throw RequestError.unauthenticated("The secret is missing or wrong.")
            }
            let values = try inputs.read(request)
            return try await take(request, services, repeat each values)
        }
    }

    /// An operation that fits no kind. Its rule is checked against the caller alone; `handle` enforces what it says beyond that.
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
