import Application
import Kernel

/// Changes the address, events, secret or description of a webhook, or whether it is paused.
/// A new address must be verified before it receives anything.
struct ChangeWebhook: Command {
    let org: OrgID
    let webhook: Webhook.ID
    var url: WebhookURL?
    var events: EventFilter?
    var secret: NonEmptyString?
    var description: Name?
    var status: Switch?

    /// What a tenant may set. A webhook that was given up, or is resumed without ever having answered, is verified first.
    enum Switch: String, Sendable, CaseIterable, WireValue { case active, paused }

    var target: String { org.text }

    struct Facts: Sendable {
        /// The new secret, encrypted.
        var sealedSecret: String?
    }

    enum Refusal: DomainError {
        case noSuchWebhook, isBeingVerified, isPaused
        var kind: RefusalKind { self == .noSuchWebhook ? .unknown : .conflict }
        var message: String {
            switch self {
            case .noSuchWebhook: "There is no such webhook."
            case .isPaused: "Resume the webhook before its address is changed: it is verified then."
            case .isBeingVerified: "The webhook waits for its address to be verified."
            }
        }
    }

    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) throws -> Facts {
        // What does not exist is refused as such, whatever is asked of it.
        guard snapshot.state.webhook(webhook) != nil else { return Facts() }
        guard url != nil || events != nil || secret != nil || description != nil || status != nil else {
            throw RequestError.problems([Problem("body", "must change something")])
        }
        try url?.check(services.settings)
        return Facts(sealedSecret: try secret.map { try Sealed.secret($0.text, webhook, services.vault) })
    }

    func decide(_ tenant: Tenant, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard var changed = tenant.webhook(webhook) else { throw .noSuchWebhook }
        let before = changed
        if let events { changed.events = events.names }
        if let description { changed.description = description.text.isEmpty ? nil : description }
        if let sealedSecret = facts.sealedSecret { changed.replaceSecret(by: sealedSecret, at: now) }
        if let status { changed.status = try Self.status(of: changed, turned: status) }
        if let url, url != changed.url {
            guard changed.status != .paused else { throw .isPaused }
            (changed.url, changed.status) = (url, .pending)
        }
        guard changed != before else { return [] }
        changed.updatedAt = now
        return [.webhookChanged(changed)]
    }

    private static func status(of webhook: Webhook, turned status: Switch) throws(Refusal) -> Webhook.Status {
        switch (status, webhook.status) {
        case (.active, .active), (.active, .paused): return .active
        case (.active, .failed), (.active, .disabled), (.active, .pending): return .pending
        case (.paused, .active), (.paused, .paused): return .paused
        case (.paused, .pending), (.paused, .failed), (.paused, .disabled): throw .isBeingVerified
        }
    }

    private static let answer = CommandResponse<ChangeWebhook>.only(
        200,
        .members(of: ListWebhooks.webhook) { ListWebhooks.Listed(webhook: $0.changed, lastError: nil) })

    init(
        org: OrgID, webhook: Webhook.ID, url: WebhookURL? = nil, events: EventFilter? = nil, secret: NonEmptyString? = nil,
        description: Name? = nil, status: Switch? = nil
    ) {
        self.org = org
        self.webhook = webhook
        self.url = url
        self.events = events
        self.secret = secret
        self.description = description
        self.status = status
    }

    static func byStaff(_ catalogue: EventCatalogue) -> Operation {
        Operation.command(
            .put, "/tenants/{orgId}/webhooks/{webhookId}", "Change a webhook", allow: .staff, answer: answer,
            inputs: .init(
                .path("orgId", "The tenant."), .path("webhookId", "The webhook."), .body("url", "Another address; it is verified anew."),
                .body("events", "Other events.").named(in: catalogue),
                .body("secret", "Another signing secret; the one before signs too for 24 hours.")),
            make: { ChangeWebhook(org: $0, webhook: $1, url: $2, events: $3, secret: $4) })
    }

    private static let ownURL = Field<WebhookURL>.body("url", "The new https address; it is verified anew.").checked {
        $0.isSecure ? nil : "must be https"
    }
    private static let nothingElse = Field<NothingElse>.noOther(than: ["url"], "cannot be changed here")

    private init(ofPartner caller: Caller, webhook: Webhook.ID, url: WebhookURL, _: NothingElse) {
        self.init(org: caller.org ?? "", webhook: webhook, url: url)
    }

    private static let own = Rule<ChangeWebhook, Tenant>("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) {
        command, _, caller in caller.org == command.org
    }
    private static let anotherURL = Field<WebhookURL?>.body("url", "Another https address; it is verified anew.").checked {
        $0?.isSecure == false ? "must be https" : nil
    }

    static func byOwner(_ catalogue: EventCatalogue) -> Operation {
        Operation.command(
            .put, "/webhooks/{webhookId}", "Change one's own webhook, pause it or resume it", allow: own, answer: answer,
            inputs: .init(
                .caller, .path("webhookId", "The webhook."), anotherURL, .body("events", "Other events.").named(in: catalogue),
                .body("description", "What it is called; empty for nothing."),
                .body("status", "`paused` keeps what happens until it is `active` again; one that was given up is verified first.")),
            make: { (caller: Caller, webhook: Webhook.ID, url: WebhookURL?, events: EventFilter?, description: Name?, status: Switch?) in
                ChangeWebhook(
                    org: caller.org ?? "", webhook: webhook, url: url, events: events, description: description, status: status)
            })
    }

    static let byPartner = Operation.command(
        .patch, "/webhooks/{webhookId}", "Change the address of one's own webhook", allow: own, answer: answer,
        inputs: .init(.caller, .path("webhookId", "The webhook."), ownURL, nothingElse), make: ChangeWebhook.init(ofPartner:webhook:url:_:)
    )
}

extension CommandResult<ChangeWebhook> {
    /// The webhook after the change; it exists, because a missing one was refused.
    fileprivate var changed: Webhook { state.webhook(command.webhook)! }
}
