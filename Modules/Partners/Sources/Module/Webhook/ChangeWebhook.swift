import Kernel

/// Changes address, events or secret of a webhook. A new address must prove itself before it receives anything.
struct ChangeWebhook: Command {
    let org: OrgID
    let webhook: Webhook.ID
    var url: WebhookURL?
    var events: EventFilter?
    var sealedSecret: String?

    var target: String { org.text }

    /// How long the secret before a new one signs too.
    static let overlap = Duration.seconds(86_400)

    enum Refusal: Refused {
        case noSuchWebhook
        var kind: RefusalKind { .unknown }
        var words: String { "There is no such webhook." }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Moment) throws(Refusal) -> [Tenant.Event] {
        guard var changed = tenant.webhook(webhook) else { throw .noSuchWebhook }
        let before = changed
        if let events { changed.events = events.names }
        if let sealedSecret {
            (changed.previousSecret, changed.previousUntil) = (changed.sealedSecret, now + Self.overlap)
            changed.sealedSecret = sealedSecret
        }
        if let url, url != changed.url { (changed.url, changed.status) = (url, .pending) }
        guard changed != before else { return [] }
        changed.updatedAt = now
        return [.webhookChanged(changed)]
    }

    /// The change and what the webhook is after it.
    func carryOut(_ request: Request, _ services: Services) async throws -> Webhook {
        _ = try await services.execute(self, for: request.unrecorded)
        guard let now = try await services.store.load(Tenant.self, org.text).state.webhook(webhook) else { throw Failure(Refusal.noSuchWebhook) }
        return now
    }

    static func byStaff(_ catalogue: EventCatalogue) -> Operation {
        Operation.custom(
            .put, "/tenants/{orgId}/webhooks/{webhookId}", "Change a webhook", by: .staff, allow: "staff",
            answers: [Answer(200, "The webhook.", ListWebhooks.webhook), Answer(404, "There is no such webhook.")],
            input:
                .path("orgId", "The tenant."), .path("webhookId", "The webhook."), .body("url", "Another address; it is verified anew."),
            .body("events", "Other events.").named(in: catalogue), .body("secret", "Another signing secret; the one before signs too for 24 hours."), .request
        ) { (services: Services, org: OrgID, id: Webhook.ID, url: WebhookURL?, events: EventFilter?, secret: NonEmpty?, request: Request) in
            guard url != nil || events != nil || secret != nil else { throw Failure.problems([Problem("body", "must change url, events or secret")]) }
            try url?.check(services.settings)
            let sealed = try secret.map { try Sealed.secret($0.text, id, services.vault) }
            let change = ChangeWebhook(org: org, webhook: id, url: url, events: events, sealedSecret: sealed)
            return .json(200, try await change.carryOut(request, services).described(nil))
        }
    }

    static let byPartner = Operation.custom(
        .patch, "/webhooks/{webhookId}", "Change the address of one's own webhook", by: .apiKey, allow: "the tenant that the webhook belongs to",
        answers: [Answer(200, "The webhook.", ListWebhooks.webhook), Answer(404, "The tenant has no such webhook.")],
        input: .path("webhookId", "The webhook."), .body("url", "The new https address; it is verified anew."), .request
    ) { (services: Services, id: Webhook.ID, url: WebhookURL, request: Request) in
        var problems = request.body.keys.filter { $0 != "url" }.map { Problem($0, "cannot be changed here") }
        if !url.isSecure { problems.append(Problem("url", "must be https")) }
        guard problems.isEmpty else { throw Failure.problems(problems) }
        guard let org = request.caller.org else { throw Failure(Refusal.noSuchWebhook) }
        return .json(200, try await ChangeWebhook(org: org, webhook: id, url: url).carryOut(request, services).described(nil))
    }
}
