import Application
import Kernel

/// The webhooks of a tenant, without their secrets.
struct ListWebhooks: Query {
    let org: OrgID
    var target: String { org.text }

    /// A webhook with the last error that deliveries have recorded.
    struct Listed: Sendable {
        let webhook: Webhook
        let lastError: LastError?

        struct LastError: Sendable {
            let message: String?
            let at: Timestamp?
        }
    }

    static let webhook = Shape<Listed>(
        .member("id") { $0.webhook.id }, .member("url") { $0.webhook.url }, .member("events") { $0.webhook.events },
        .member("status") { $0.webhook.status },
        .member("createdAt") { $0.webhook.createdAt }, .member("updatedAt") { $0.webhook.updatedAt },
        .member("verifiedAt") { Nullable($0.webhook.verifiedAt) },
        .member("description") { Nullable($0.webhook.description) },
        .member("lastError") { Nullable($0.lastError?.message) }, .member("lastErrorAt") { Nullable($0.lastError?.at) })
    static let shape = Shape<[Listed]>(
        .list("webhooks", of: webhook) { $0 }, .member("total") { $0.count }, .member("limit") { _ in AddWebhook.limit },
        .member("offset") { _ in 0 })

    func answer(_ snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) async throws -> [Listed] {
        let rows = try await services.store.query("SELECT id, last_error, last_error_at FROM partners.webhooks WHERE org_id = \(org)")
        var failures: [Webhook.ID: Listed.LastError] = [:]
        for row in rows {
            failures[try row.read("id")] = Listed.LastError(message: try row.read("last_error"), at: try row.read("last_error_at"))
        }
        return snapshot.state.webhooks.map { Listed(webhook: $0, lastError: failures[$0.id]) }
    }

    static let operation = Operation.query(
        "/tenants/{orgId}/webhooks", "List the webhooks of a tenant", allow: .staff, inputs: .init(.path("orgId", "The tenant.")),
        make: ListWebhooks.init(org:)
    )
}
