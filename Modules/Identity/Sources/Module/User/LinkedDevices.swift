import Kernel

/// The devices linked to a user: all for people and super keys, those of its own for a tenant.
struct LinkedDevices: Query, ConcernsUser {
    let user: UserID
    let kind: LinkedDevice.Kind?
    var target: String { user.text }

    static let answer = Schema.object(["devices": .list(of: LinkedDevice.schema), "totalCount": .integer])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> JSON {
        let org = request.caller.org
        let devices = snapshot.state.devices.filter { (org == nil || $0.org == org) && (kind == nil || $0.kind == kind) }
        return ["devices": .array(devices.map { .object($0.data) }), "totalCount": .int(Int64(devices.count))]
    }

    static let operation = Operation.query(
        "/users/{id}/devices", "Read the devices linked to a user", allow: .selfOrTenant,
        input: .path("id", "Id of the user."), .query("type", "Only devices of this type."), make: LinkedDevices.init(user:kind:)
    )
}
