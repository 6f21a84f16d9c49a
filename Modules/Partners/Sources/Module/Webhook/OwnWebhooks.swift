import Application
import Kernel

/// The tenant's own webhooks, by its API key.
enum OwnWebhooks {
    static let list = Operation.query(
        "/webhooks", "List one's own webhooks",
        allow: Rule<ListWebhooks, Tenant>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil },
        inputs: .init(.caller), make: { ListWebhooks(org: $0.org ?? "") })

    static func add(_ catalogue: EventCatalogue) -> Operation {
        Operation.command(
            .post, "/webhooks", "Add a webhook of one's own, active at once; its secret is shown only here",
            allow: Rule<AddWebhook, Tenant>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil }, answer: AddWebhook.answer,
            inputs: .init(
                .caller, .generated("webhook"),
                Field<WebhookURL>.body("url", "Where deliveries go: an https address.").checked { $0.isSecure ? nil : "must be https" },
                .body("events", "Which events, or `*` for all.", default: EventFilter.all).named(in: catalogue),
                .body("description", "What it is called.")),
            make: { (caller: Caller, webhook: Webhook.ID, url: WebhookURL, events: EventFilter, description: Name?) in
                AddWebhook(
                    org: caller.org ?? "", webhook: webhook, url: url, events: events, secret: nil, auth: nil, description: description)
            })
    }

    static let remove = Operation.command(
        .delete, "/webhooks/{webhookId}", "Remove one's own webhook",
        allow: Rule<RemoveWebhook, Tenant>("the tenant that the webhook belongs to", by: .apiKey) { _, _, caller in caller.org != nil },
        answer: .accepted, inputs: .init(.caller, .path("webhookId", "The webhook.")),
        make: { RemoveWebhook(org: $0.org ?? "", webhook: $1) })
}
