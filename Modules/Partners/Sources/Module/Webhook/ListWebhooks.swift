import Kernel

/// The webhooks of a tenant, without their secrets.
struct ListWebhooks: Query {
    let org: OrgID
    var target: String { org.text }

    static let webhook = Schema.object([
        "id": .string, "url": .string, "events": .list(of: .string), "status": .oneOf(["active", "pending", "failed", "disabled"]),
        "createdAt": .time, "updatedAt": .time, "verifiedAt": .time.nullable, "lastError": .string.nullable, "lastErrorAt": .time.nullable,
    ])
    static let answer = Schema.object(["webhooks": .list(of: webhook), "total": .integer, "limit": .integer, "offset": .integer])

    func answer(_ snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) async throws -> JSON {
        let rows = try await services.store.query("SELECT id, last_error, last_error_at FROM partners.webhooks WHERE org_id = \(org)")
        let errors = Dictionary(rows.map { ($0.text("id") ?? "", $0) }) { $1 }
        let webhooks = snapshot.state.webhooks
        return [
            "webhooks": .array(webhooks.map { $0.described(errors[$0.id.text]) }), "total": .int(Int64(webhooks.count)),
            "limit": .int(Int64(AddWebhook.most)), "offset": 0,
        ]
    }

    static let operation = Operation.query(
        "/tenants/{orgId}/webhooks", "List the webhooks of a tenant", allow: .staff, input: .path("orgId", "The tenant."), make: ListWebhooks.init(org:)
    )
}

extension Webhook {
    /// - Parameter row: what delivery has noted about it.
    func described(_ row: Row?) -> JSON {
        [
            "id": id.json, "url": url.json, "events": .array(events.map(JSON.string)), "status": .string(status.rawValue),
            "createdAt": createdAt.json, "updatedAt": updatedAt.json, "verifiedAt": verifiedAt?.json ?? .null,
            "lastError": row?.text("last_error").map(JSON.string) ?? .null, "lastErrorAt": row?.moment("last_error_at")?.json ?? .null,
        ]
    }
}
