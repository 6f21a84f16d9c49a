import Kernel

/// Reads tenants: all, page by page, or one.
enum ListTenants {
    static let tenant = Schema.object([
        "orgId": .string, "orgName": .string, "ownerEmail": .string, "createdAt": .time, "apiKey": Schema.object.nullable, "webhookCount": .integer,
    ])

    static let all = Operation.custom(
        .get, "/tenants", "List tenants", by: .staff, allow: "staff",
        answers: [Answer(200, "A page of tenants.", .object(["tenants": .list(of: tenant), "total": .integer, "limit": .integer, "offset": .integer]))],
        input: .query("limit", "At most this many, up to 200.", default: 50), .query("offset", "How many to leave out.", default: 0)
    ) { (services: Services, limit: Int, offset: Int) in
        let limit = min(max(limit, 1), 200), offset = max(offset, 0)
        let rows = try await services.store.run([
            "SELECT COUNT(*) AS total FROM partners.tenants",
            "SELECT * FROM partners.tenants ORDER BY org_id LIMIT \(limit) OFFSET \(offset)",
        ])
        return .json(
            200,
            [
                "tenants": .array(rows[1].map(describe)), "total": .int(rows[0].first?.int("total") ?? 0), "limit": .int(Int64(limit)),
                "offset": .int(Int64(offset)),
            ])
    }

    static let one = Operation.custom(
        .get, "/tenants/{orgId}", "Read a tenant", by: .staff, allow: "staff",
        answers: [Answer(200, "The tenant.", tenant), Answer(404, "There is no such tenant.")],
        input: .path("orgId", "The tenant's id.")
    ) { (services: Services, org: OrgID) in
        guard let row = try await services.store.query("SELECT * FROM partners.tenants WHERE org_id = \(org)").first else {
            throw Failure.refused(.unknown, code: nil, words: "There is no tenant '\(org)'.")
        }
        return .json(200, describe(row))
    }

    private static func describe(_ row: Row) -> JSON {
        [
            "orgId": .string(row.text("org_id") ?? ""), "orgName": .string(row.text("name") ?? ""), "ownerEmail": .string(row.text("owner_email") ?? ""),
            "createdAt": row.moment("created_at")?.json ?? .null, "apiKey": row.json("api_key") ?? .null, "webhookCount": .int(row.int("webhooks") ?? 0),
        ]
    }
}
