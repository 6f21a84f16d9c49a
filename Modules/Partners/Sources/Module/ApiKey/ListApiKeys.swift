import Kernel

/// Shows which tenants have keys, masked.
enum ListApiKeys {
    static let operation = Operation.custom(
        .get, "/api-keys", "List API keys, masked", by: .staff, allow: "staff",
        answers: [Answer(200, "The keys.", .object(["apiKeys": .list(of: .object)]))],
        input: .query("orgId", "Only this tenant.")
    ) { (services: Services, org: OrgID?) in
        let rows = try await services.store.query(
            """
            SELECT org_id, name, api_key FROM partners.tenants
            WHERE api_key IS NOT NULL AND (CAST(\(optional: org) AS TEXT) IS NULL OR org_id = \(optional: org)) ORDER BY org_id LIMIT 1000
            """)
        return .json(
            200,
            [
                "apiKeys": .array(
                    rows.map { row in
                        .object(
                            (["orgId": .string(row.text("org_id") ?? ""), "orgName": .string(row.text("name") ?? "")] as JSON.Object)
                                .merging(row.json("api_key")?.members ?? [:]))
                    })
            ])
    }
}
