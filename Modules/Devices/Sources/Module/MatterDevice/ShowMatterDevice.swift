import Application
import DevicesContracts
import Kernel

/// A Matter device: its registration, and what it has reported in words and as it is.
struct ShowMatterDevice: Query {
    let device: MatterDevice.ID
    var target: String { device.text }

    struct Reply: Sendable {
        let device: MatterDevice
        let registration: MatterDevice.Registration
        let org: OrgID?
        let presence: PresenceRow
        let seenAt: Timestamp?
    }

    private static let pin = Shape<PinSlot>(.member("credentialIndex") { $0.credential }, .member("userIndex") { $0.user })
    private static let alarm = Shape<Alarm>(
        .member("channel") { $0.channel }, .member("alarmType") { $0.kind }, .member("severity") { $0.severity },
        .member("matterPath") { $0.path }, .member("timestamp") { $0.time })

    static let shape = Shape<Reply>(
        .member("deviceId") { $0.registration.device }, .member("thingName") { $0.registration.thing },
        .member("hubId") { $0.registration.hub }, .member("deviceType") { $0.registration.type }, .member("orgId") { Nullable($0.org) },
        .member("online") { $0.presence.isOnline }, .member("lastSeen") { $0.seenAt },
        .object("state", DeviceWords.shape) { DeviceWords($0.device.reported) }, .list("alarms", of: alarm) { $0.device.alarms },
        .list("pins", of: pin) { $0.device.pins }, .json("reported", .object) { $0.device.reported })

    func answer(_ snapshot: Snapshot<MatterDevice>, _ request: Request, _ services: Services) async throws -> Reply {
        guard let registration = snapshot.state.registration else {
            throw RequestError.refused(.unknown, code: nil, message: "There is no matter-device '\(target)'.")
        }
        let rows = try await services.store.read([ThingTables.owner(registration.thing), ThingTables.presence(registration.thing)])
        let seen = [try rows[1].first?.find("at", as: Timestamp.self), snapshot.changedAt].compactMap(\.self).max()
        return Reply(
            device: snapshot.state, registration: registration, org: try ThingOwner(rows[0].first).org,
            presence: try PresenceRow(rows[1].first), seenAt: seen)
    }

    static let operation = Operation.query(
        "/matter-devices/{id}", "Read a Matter device and what it has reported", allow: .tenantOrUser,
        inputs: .init(.path("id", "Id of the device.")), make: ShowMatterDevice.init(device:))
}
