import Application
import Kernel

/// One webhook of the tenant, with its last error.
struct ShowWebhook: Query {
    let org: OrgID
    let webhook: Webhook.ID

    var target: String { org.text }
    static let shape = ListWebhooks.webhook

    func answer(_ snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) async throws -> ListWebhooks.Listed {
        let listed = try await ListWebhooks(org: org).answer(snapshot, request, services)
        guard let found = listed.first(where: { $0.webhook.id == webhook }) else {
            throw RequestError.refused(.unknown, code: nil, message: "There is no such webhook.")
        }
        return found
    }

    static let operation = Operation.query(
        "/webhooks/{webhookId}", "Read one's own webhook",
        allow: Rule<ShowWebhook, Tenant>("the tenant that the webhook belongs to", by: .apiKey) { _, _, caller in caller.org != nil },
        inputs: .init(.caller, .path("webhookId", "The webhook.")), make: { ShowWebhook(org: $0.org ?? "", webhook: $1) })
}
