import Application
import Kernel

/// Removes a webhook; its pending deliveries are discarded.
struct RemoveWebhook: Command {
    let org: OrgID
    let webhook: Webhook.ID

    var target: String { org.text }

    enum Refusal: DomainError {
        case noSuchWebhook
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such webhook." }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard tenant.webhook(webhook) != nil else { throw .noSuchWebhook }
        return [.webhookRemoved(webhook)]
    }

    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .local(Changes(rows: ["DELETE FROM partners.deliveries WHERE webhook_id = \(webhook) AND state = 'pending'"]))
    }

    static let operation = Operation.command(
        .delete, "/tenants/{orgId}/webhooks/{webhookId}", "Remove a webhook", allow: .staff, answer: .accepted,
        inputs: .init(.path("orgId", "The tenant."), .path("webhookId", "The webhook.")), make: RemoveWebhook.init(org:webhook:)
    )
}
