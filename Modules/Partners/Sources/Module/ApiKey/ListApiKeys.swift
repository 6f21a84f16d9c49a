import Application
import Kernel

/// Lists the API keys of tenants, masked.
struct ListApiKeys: ListQuery {
    let org: OrgID?

    static let name = "apiKeys", usualLimit = 1_000

    struct Item: Sendable {
        let org: OrgID
        let name: String
        let key: ApiKeyPreview.Shown

        init(_ row: Row) throws {
            org = try row.read("org_id")
            name = try row.read("name")
            key = try row.read("api_key", as: JSON.self).decoded()
        }
    }

    static let shape = Shape<Item>(
        .member("orgId") { $0.org }, .member("orgName") { $0.name }, .members(of: ApiKeyPreview.Shown.shape) { $0.key })

    func page(_ page: PageRequest, of _: NoSubject, _ request: Request, _ services: Services) async throws -> Page<Item> {
        let rows = try await services.store.query(
            """
            SELECT org_id, name, api_key FROM partners.tenants
            WHERE api_key IS NOT NULL AND (CAST(\(optional: org) AS TEXT) IS NULL OR org_id = \(optional: org)) \
            AND org_id > \(page.after ?? "")
            ORDER BY org_id LIMIT \(page.limit + 1)
            """)
        return Page(try rows.map { try Item($0) }, page, key: \.org.text)
    }

    static let operation = Operation.list(
        "/api-keys", "List API keys, masked", allow: .staff, inputs: .init(.query("orgId", "Only this tenant.")),
        make: ListApiKeys.init(org:)
    )
}
