import Application
import Kernel

/// The devices linked to a user: users and super keys see all, a tenant sees its own.
struct LinkedDevices: Query, ConcernsUser {
    let user: UserID
    let kind: LinkedDevice.Kind?
    var target: String { user.text }

    static let shape = Shape<[LinkedDevice]>(.list("devices", of: LinkedDevice.shape) { $0 }, .member("totalCount") { $0.count })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> [LinkedDevice] {
        let org = request.caller.org
        return snapshot.state.devices.filter { (org == nil || $0.org == org) && (kind == nil || $0.kind == kind) }
    }

    static let operation = Operation.query(
        "/users/{id}/devices", "Read the devices linked to a user", allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user."), .query("type", "Only devices of this type.")), make: LinkedDevices.init(user:kind:)
    )
}
