import Application
import Kernel

/// A tenant as staff see it.
struct TenantRow: Sendable {
    let org: OrgID
    let name: String
    let ownerEmail: String
    let createdAt: Timestamp
    let key: ApiKeyPreview.Shown?
    let webhooks: Int

    init(_ row: Row) throws {
        org = try row.read("org_id")
        name = try row.read("name")
        ownerEmail = try row.read("owner_email")
        createdAt = try row.read("created_at")
        key = try row.read("api_key", as: JSON?.self)?.decoded()
        webhooks = try row.read("webhooks")
    }

    static let shape = Shape<TenantRow>(
        .member("orgId") { $0.org }, .member("orgName") { $0.name }, .member("ownerEmail") { $0.ownerEmail },
        .member("createdAt") { $0.createdAt },
        .json("apiKey", ApiKeyPreview.Shown.shape.schema.nullable) { $0.key.map(ApiKeyPreview.Shown.shape.json) ?? .null },
        .member("webhookCount") { $0.webhooks })
}

/// Lists tenants by offset, as the contract specifies.
struct ListTenants: Lookup {
    let limit: Int
    let offset: Int

    /// - Parameters:
    ///   - limit: clamped to 1 to 200.
    ///   - offset: clamped to 0 or more.
    init(limit: Int, offset: Int) {
        self.limit = min(max(limit, 1), 200)
        self.offset = max(offset, 0)
    }

    struct Found: Sendable {
        let tenants: [TenantRow]
        let total: Int
        let limit: Int
        let offset: Int
    }

    static let missing: String? = nil
    static let shape = Shape<Found>(
        .list("tenants", of: TenantRow.shape) { $0.tenants }, .member("total") { $0.total }, .member("limit") { $0.limit },
        .member("offset") { $0.offset })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let rows = try await services.store.run([
            "SELECT COUNT(*) AS total FROM partners.tenants",
            "SELECT * FROM partners.tenants ORDER BY org_id LIMIT \(limit) OFFSET \(offset)",
        ])
        return Found(tenants: try rows[1].map { try TenantRow($0) }, total: try rows[0][0].read("total"), limit: limit, offset: offset)
    }

    static let operation = Operation.lookup(
        "/tenants", "List tenants", allow: .staff,
        inputs: .init(
            .query("limit", "At most this many, up to 200.", default: 50), .query("offset", "How many to leave out.", default: 0)),
        make: ListTenants.init(limit:offset:)
    )
}

/// Reads one tenant.
struct OneTenant: Lookup {
    let org: OrgID

    static let missing: String? = "There is no such tenant."
    static let shape = TenantRow.shape

    func find(_ request: Request, _ services: Services) async throws -> TenantRow? {
        try await services.store.query("SELECT * FROM partners.tenants WHERE org_id = \(org)").first.map { try TenantRow($0) }
    }

    static let operation = Operation.lookup(
        "/tenants/{orgId}", "Read a tenant", allow: .staff, inputs: .init(.path("orgId", "The tenant's id.")), make: OneTenant.init(org:)
    )
}
