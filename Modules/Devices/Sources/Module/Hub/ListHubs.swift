import Application
import Kernel

/// Lists the hubs of a tenant.
struct ListHubs: ListQuery {
    let org: OrgID?

    static let name = "hubs"
    static let shape = HubStatus.shape

    func page(_ page: PageRequest, of _: NoSubject, _ request: Request, _ services: Services) async throws -> Page<HubStatus.Reply> {
        let tenant = try Lists.tenant(of: request.caller, naming: org)
        let rows = try await services.store.query(
            """
            SELECT id FROM devices.aggregates WHERE category = \(Hub.category.name) AND org_id = \(tenant) AND id > \(page.after ?? "")
            ORDER BY id LIMIT \(page.limit + 1)
            """)
        let ids = Page(try rows.map { try $0.read("id", as: String.self) }, page, key: \.self)
        let hubs = try await Lists.load(ids.items) { id in
            try await HubStatus(hub: Hub.ID(id)).answer(try await services.store.load(Hub.self, id), request, services)
        }
        return Page(hubs, next: ids.next)
    }

    static let operation = Operation.list(
        "/hubs", "List the hubs of a tenant", allow: .staffOrTenant,
        inputs: .init(.query("orgId", "The tenant; only staff and super keys name one.")), make: ListHubs.init(org:))
}
