import Application
import Kernel

/// The tenant's own webhooks, by its API key.
enum OwnWebhooks {
    static let list = Operation.query(
        "/webhooks", "List one's own webhooks",
        allow: Rule<ListWebhooks, Tenant>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil },
        inputs: .init(.caller), make: { ListWebhooks(org: $0.org ?? "") })

    static let remove = Operation.command(
        .delete, "/webhooks/{webhookId}", "Remove one's own webhook",
        allow: Rule<RemoveWebhook, Tenant>("the tenant that the webhook belongs to", by: .apiKey) { _, _, caller in caller.org != nil },
        answer: .accepted, inputs: .init(.caller, .path("webhookId", "The webhook.")),
        make: { RemoveWebhook(org: $0.org ?? "", webhook: $1) })
}
