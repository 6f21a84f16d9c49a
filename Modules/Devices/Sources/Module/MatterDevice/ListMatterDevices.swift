import Application
import Kernel

/// Lists the Matter devices of a tenant: those whose things it owns.
struct ListMatterDevices: ListQuery {
    let org: OrgID?

    static let name = "devices"
    static let shape = ShowMatterDevice.shape

    func page(_ page: PageRequest, of _: NoSubject, _ request: Request, _ services: Services) async throws
        -> Page<ShowMatterDevice.Reply>
    {
        let tenant = try Lists.tenant(of: request.caller, naming: org)
        let rows = try await services.store.query(
            """
            SELECT d.device_id FROM devices.things t JOIN devices.matter_devices d ON d.thing = t.name
            WHERE t.org_id = \(tenant) AND d.device_id > \(page.after ?? "") ORDER BY d.device_id LIMIT \(page.limit + 1)
            """)
        let ids = Page(try rows.map { try $0.read("device_id", as: String.self) }, page, key: \.self)
        let devices = try await Lists.load(ids.items) { id in
            let snapshot = try await services.store.load(MatterDevice.self, id)
            return try await ShowMatterDevice(device: MatterDevice.ID(id)).answer(snapshot, request, services)
        }
        return Page(devices, next: ids.next)
    }

    static let operation = Operation.list(
        "/matter-devices", "List the Matter devices of a tenant", allow: .staffOrTenant,
        inputs: .init(.query("orgId", "The tenant; only staff and super keys name one.")), make: ListMatterDevices.init(org:))
}
