import Application
import Kernel

/// Subscribes an address of a tenant to events.
struct AddWebhook: Command {
    let org: OrgID
    let webhook: Webhook.ID
    let url: WebhookURL
    let events: EventFilter
    /// The signing secret; nil to generate one.
    let secret: NonEmptyString?
    let auth: WebhookAuth?
    var description: Name?

    static let limit = 20
    var target: String { org.text }

    struct Facts: Sendable {
        /// The generated secret, which the caller does not know yet.
        let generated: String?
        /// The secret and the credentials, encrypted.
        let sealedSecret: String
        let sealedAuth: String?
    }

    enum Refusal: DomainError {
        case tooMany
        var kind: RefusalKind { .invalid }
        var message: String { "A tenant has at most \(AddWebhook.limit) webhooks." }
    }

    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) throws -> Facts {
        try url.check(services.settings)
        let generated = secret == nil ? SigningSecret.generate(services.vault) : nil, vault = services.vault
        return Facts(
            generated: generated, sealedSecret: try Sealed.secret(secret?.text ?? generated ?? "", webhook, vault),
            sealedAuth: try auth.map { try Sealed.auth($0, webhook, vault) })
    }

    func decide(_ tenant: Tenant, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard tenant.webhooks.count < Self.limit else { throw .tooMany }
        return [
            .webhookAdded(
                Webhook(
                    id: webhook, description: description, url: url, events: events.names, status: .active,
                    sealedSecret: facts.sealedSecret,
                    sealedAuth: facts.sealedAuth, createdAt: now,
                    updatedAt: now))
        ]
    }

    static let answer = CommandResponse<AddWebhook>.only(
        201, .constant("success", true), .member("aggregateId") { $0.command.org }, .member("version") { $0.version },
        .member("webhookId") { $0.command.webhook }, .member("secret") { $0.facts.generated })

    static func operation(_ catalogue: EventCatalogue) -> Operation {
        Operation.command(
            .post, "/tenants/{orgId}/webhooks", "Add a webhook, active at once; a generated secret is shown only here", allow: .staff,
            answer: answer,
            inputs: .init(
                .path("orgId", "The tenant."), .generated("webhook"), .body("url", "Where deliveries go; https outside development."),
                .body("events", "Which events, or `*` for all.", default: EventFilter.all).named(in: catalogue),
                .body("secret", "Signing secret, best as `whsec_` and base64; generated when absent."),
                .body("auth", "How deliveries identify themselves besides the signature.")),
            make: { AddWebhook(org: $0, webhook: $1, url: $2, events: $3, secret: $4, auth: $5) })
    }
}

extension WebhookURL {
    /// Allows plain http only in development.
    func check(_ settings: SettingValues) throws {
        guard isSecure || settings.isDevelopment else { throw RequestError.problems([Problem("url", "must be https")]) }
    }
}
