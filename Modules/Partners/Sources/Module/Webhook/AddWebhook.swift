import Kernel

/// Subscribes an address of a tenant to events.
struct AddWebhook: Command {
    let org: OrgID
    let webhook: Webhook

    static let most = 20
    var target: String { org.text }

    enum Refusal: Refused {
        case tooMany
        var kind: RefusalKind { .invalid }
        var words: String { "A tenant has at most \(AddWebhook.most) webhooks." }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Moment) throws(Refusal) -> [Tenant.Event] {
        guard tenant.webhooks.count < Self.most else { throw .tooMany }
        return [.webhookAdded(webhook)]
    }

    static func operation(_ catalogue: EventCatalogue) -> Operation {
        Operation.custom(
            .post, "/tenants/{orgId}/webhooks", "Add a webhook; a generated secret is shown only here", by: .staff, allow: "staff",
            answers: [
                Answer(
                    201, "Added, and active at once.",
                    .object([
                        "success": .constant(true), "aggregateId": .string, "version": .integer, "webhookId": .string, "secret": .string.optional,
                    ])), Answer(404, "There is no such tenant."),
            ],
            input:
                .path("orgId", "The tenant."),
            .body("url", "Where deliveries go; https outside development."),
            .body("events", "Which events, or `*` for all.", default: EventFilter.all).named(in: catalogue),
            .body("secret", "Signing secret, best as `whsec_` and base64; generated when absent."),
            .body("auth", "How deliveries identify themselves besides the signature."),
            .request
        ) { (services: Services, org: OrgID, url: WebhookURL, events: EventFilter, secret: NonEmpty?, auth: WebhookAuth?, request: Request) in
            try url.check(services.settings)
            let id = Webhook.ID(request.identifier(for: "webhook").text), now = request.attempt.now
            let signing = secret?.text ?? SigningSecret.generate(services.vault)
            let webhook = Webhook(
                id: id, url: url, events: events.names, status: .active, sealedSecret: try Sealed.secret(signing, id, services.vault),
                sealedAuth: try auth.map { try Sealed.auth($0, id, services.vault) }, createdAt: now, updatedAt: now)
            let shown: JSON? = secret == nil ? .string(signing) : nil
            let answer = { @Sendable (done: CommandResult<AddWebhook>) -> Response in
                .json(201, ["success": true, "aggregateId": org.json, "version": done.version.json, "webhookId": id.json, "secret": shown])
            }
            return answer(try await services.execute(AddWebhook(org: org, webhook: webhook), for: request, recorded: answer))
        }
    }
}

extension WebhookURL {
    /// Plain http only in development.
    func check(_ settings: ModuleSettings) throws {
        guard isSecure || settings.isDevelopment else { throw Failure.problems([Problem("url", "must be https")]) }
    }
}
