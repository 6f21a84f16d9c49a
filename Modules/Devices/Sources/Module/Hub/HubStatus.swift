import Application
import Kernel

/// A hub's registration and the state that it last reported.
struct HubStatus: Query {
    let hub: Hub.ID
    var target: String { hub.text }

    struct Reply: Sendable {
        let hub: Hub
        let hardware: Hub.Hardware
        /// The state that the hub has reported.
        let reported: JSON
        let isOnline: JSON?
    }

    static let shape = Shape<Reply>(
        .member("hubId") { $0.hardware.hub }, .member("serial") { $0.hardware.serial }, .member("model") { $0.hardware.model },
        .member("thingName") { $0.hardware.thing }, .member("status") { $0.hub.status }, .member("orgId") { $0.hub.claim?.org.text ?? "" },
        .member("siteId") { $0.hub.claim?.site.text ?? "" }, .member("isPrimary") { $0.hub.isPrimary },
        .member("provisionedAt") { Int($0.hub.provisionedAt?.milliseconds ?? 0) },
        .member("claimedAt") { Int($0.hub.claimedAt?.milliseconds ?? 0) },
        .json("online", .boolean.optional) { $0.isOnline },
        .json("lastSeen", .number.optional) { $0.reported["last_seen"] ?? $0.reported["lastSeen"] },
        .json("version", .string.optional) { $0.reported["version"] },
        .json("uptimeSeconds", .number.optional) { $0.reported["uptime_seconds"] ?? $0.reported["uptimeSeconds"] })

    func answer(_ snapshot: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> Reply {
        let hub = snapshot.state
        guard let hardware = hub.hardware else { throw RequestError.refused(.unknown, code: nil, message: "There is no hub '\(target)'.") }
        let rows = try await services.store.read([ThingTables.shadow(hardware.thing, "hub_state"), ThingTables.presence(hardware.thing)])
        let shadow: Shadow? = try rows[0].first?.find("body", as: JSON.self)?.decoded()
        let reported = shadow?.reported ?? .null
        // The newest sign of life counts: the hub's report, or its presence and last will. Shadow timestamps have a resolution of one
        // second; within the same second, presence counts.
        let reportedAt = shadow?.reportedTimes["online"]?["timestamp"]?.integer.map { Timestamp(milliseconds: $0 * 1000) }
        let isPresenceNewer = try rows[1].first?.find("at", as: Timestamp.self).map { at in reportedAt.map { at >= $0 } ?? true } ?? false
        let presence = try rows[1].first?.find("online", as: Bool.self).map(JSON.bool)
        return Reply(
            hub: hub, hardware: hardware, reported: reported, isOnline: isPresenceNewer ? presence : reported["online"] ?? presence)
    }

    static let operation = Operation.query(
        "/hubs/{id}/status", "Read a hub and its liveness", allow: .tenant, inputs: .init(.path("id", "Id of the hub.")),
        make: HubStatus.init(hub:)
    )
}
