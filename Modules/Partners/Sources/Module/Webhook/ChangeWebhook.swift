import Application
import Kernel

/// Changes the address, events or secret of a webhook. A new address must be verified before it receives anything.
struct ChangeWebhook: Command {
    let org: OrgID
    let webhook: Webhook.ID
    var url: WebhookURL?
    var events: EventFilter?
    var secret: NonEmptyString?

    var target: String { org.text }

    /// How long the previous secret also signs.
    static let overlap = Duration.seconds(86_400)

    struct Facts: Sendable {
        /// The new secret, encrypted.
        var sealedSecret: String?
    }

    enum Refusal: DomainError {
        case noSuchWebhook
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such webhook." }
    }

    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) throws -> Facts {
        guard url != nil || events != nil || secret != nil else {
            throw RequestError.problems([Problem("body", "must change url, events or secret")])
        }
        try url?.check(services.settings)
        return Facts(sealedSecret: try secret.map { try Sealed.secret($0.text, webhook, services.vault) })
    }

    func decide(_ tenant: Tenant, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard var changed = tenant.webhook(webhook) else { throw .noSuchWebhook }
        let before = changed
        if let events { changed.events = events.names }
        if let sealedSecret = facts.sealedSecret {
            (changed.previousSecret, changed.previousUntil) = (changed.sealedSecret, now + Self.overlap)
            changed.sealedSecret = sealedSecret
        }
        if let url, url != changed.url { (changed.url, changed.status) = (url, .pending) }
        guard changed != before else { return [] }
        changed.updatedAt = now
        return [.webhookChanged(changed)]
    }

    private static let answer = CommandResponse<ChangeWebhook>.only(
        200,
        .members(of: ListWebhooks.webhook) { ListWebhooks.Listed(webhook: $0.changed, lastError: nil) })

    init(org: OrgID, webhook: Webhook.ID, url: WebhookURL? = nil, events: EventFilter? = nil, secret: NonEmptyString? = nil) {
        self.org = org
        self.webhook = webhook
        self.url = url
        self.events = events
        self.secret = secret
    }

    static func byStaff(_ catalogue: EventCatalogue) -> Operation {
        Operation.command(
            .put, "/tenants/{orgId}/webhooks/{webhookId}", "Change a webhook", allow: .staff, answer: answer,
            inputs: .init(
                .path("orgId", "The tenant."), .path("webhookId", "The webhook."), .body("url", "Another address; it is verified anew."),
                .body("events", "Other events.").named(in: catalogue),
                .body("secret", "Another signing secret; the one before signs too for 24 hours.")),
            make: ChangeWebhook.init(org:webhook:url:events:secret:))
    }

    private static let ownURL = Field<WebhookURL>.body("url", "The new https address; it is verified anew.").checked {
        $0.isSecure ? nil : "must be https"
    }
    private static let nothingElse = Field<NothingElse>.noOther(than: ["url"], "cannot be changed here")

    private init(ofPartner caller: Caller, webhook: Webhook.ID, url: WebhookURL, _: NothingElse) {
        self.init(org: caller.org ?? "", webhook: webhook, url: url, events: nil, secret: nil)
    }

    static let byPartner = Operation.command(
        .patch, "/webhooks/{webhookId}", "Change the address of one's own webhook",
        allow: Rule("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) { command, _, caller in
            caller.org == command.org
        }, answer: answer,
        inputs: .init(.caller, .path("webhookId", "The webhook."), ownURL, nothingElse), make: ChangeWebhook.init(ofPartner:webhook:url:_:)
    )
}

extension CommandResult<ChangeWebhook> {
    /// The webhook after the change; it exists, because a missing one was refused.
    fileprivate var changed: Webhook { state.webhook(command.webhook)! }
}
