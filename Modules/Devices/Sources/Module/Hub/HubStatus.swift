import Kernel

/// What a hub is, and what it last said of itself.
struct HubStatus: Query {
    let hub: Hub.ID
    var target: String { hub.text }

    static let answer = Schema.object([
        "hubId": .string, "serial": .string, "model": .string, "thingName": .string, "status": .oneOf(["Provisioned", "Claimed"]),
        "orgId": .string, "siteId": .string, "isPrimary": .boolean, "provisionedAt": .number, "claimedAt": .number,
        "online": .boolean.optional, "lastSeen": .number.optional, "version": .string.optional, "uptimeSeconds": .number.optional,
    ])

    func answer(_ snapshot: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> JSON {
        let hub = snapshot.state
        guard let hardware = hub.hardware else { throw Failure.refused(.unknown, code: nil, words: "There is no hub '\(target)'.") }
        let rows = try await services.store.read([ThingTables.shadow(hardware.thing, "hub_state"), ThingTables.presence(hardware.thing)])
        let shadow: Shadow? = try rows[0].first?.json("body")?.decoded()
        let reported = shadow?.reported ?? .null
        // The newest sign of life counts: what the hub has reported, or its presence and its last will. Shadows know seconds only; within one, the will does.
        let reportedAt = shadow?.reportedTimes["online"]?["timestamp"]?.integer.map { Moment(milliseconds: $0 * 1000) }
        let isPresenceNewer = rows[1].first?.moment("at").map { at in reportedAt.map { at >= $0 } ?? true } ?? false
        let presence = rows[1].first?.bool("online").map(JSON.bool)
        return [
            "hubId": hardware.hub.json, "serial": hardware.serial.json, "model": hardware.model.json, "thingName": hardware.thing.json,
            "status": .string(hub.status.rawValue), "orgId": .string(hub.claim?.org.text ?? ""), "siteId": .string(hub.claim?.site.text ?? ""),
            "isPrimary": false, "provisionedAt": .int(hub.provisionedAt?.milliseconds ?? 0), "claimedAt": .int(hub.claimedAt?.milliseconds ?? 0),
            "online": isPresenceNewer ? presence : reported["online"] ?? presence, "lastSeen": reported["last_seen"] ?? reported["lastSeen"],
            "version": reported["version"], "uptimeSeconds": reported["uptime_seconds"] ?? reported["uptimeSeconds"],
        ]
    }

    static let operation = Operation.query(
        "/hubs/{id}/status", "Read a hub and its liveness", allow: .tenant, input: .path("id", "Id of the hub."), make: HubStatus.init(hub:)
    )
}
