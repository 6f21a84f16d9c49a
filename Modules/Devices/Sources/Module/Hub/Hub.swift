import DevicesContracts
import Kernel

/// A gateway in a building, from the factory to the end of its service.
struct Hub: Aggregate {
    static let category = Category("hub", className: "HubAggregate")
    typealias ID = Kernel.ID<Hub>

    enum Status: String, Codable, Sendable, CaseIterable { case unknown = "Unknown", provisioned = "Provisioned", claimed = "Claimed" }

    enum Event: Sendable, Equatable {
        case provisioned(Hardware, at: Moment)
        case claimed(Claim, at: Moment)
    }

    /// What was manufactured.
    struct Hardware: Sendable, Equatable, Codable {
        let hub: Hub.ID
        let serial: NonEmpty
        let model: NonEmpty
        let thing: ThingName
        let vendor: String?
    }

    /// Whose it is and where it stands.
    struct Claim: Sendable, Equatable, Codable {
        let org: OrgID
        let site: Site.ID
        let user: UserID
    }

    enum Site { typealias ID = Kernel.ID<Site> }

    private(set) var status = Status.unknown
    private(set) var hardware: Hardware?
    private(set) var provisionedAt: Moment?
    private(set) var claim: Claim?
    private(set) var claimedAt: Moment?

    mutating func apply(_ event: Event) {
        switch event {
        case .provisioned(let hardware, let at): (status, self.hardware, provisionedAt) = (.provisioned, hardware, at)
        case .claimed(let claim, let at): (status, self.claim, claimedAt) = (.claimed, claim, at)
        }
    }

    var organisation: OrgID? { claim?.org }
}

// MARK: - On the wire

extension Hub {
    static func wire(_ event: Event, in state: Hub, at now: Moment) -> WireEvent {
        let hub: JSON.Object = ["hubId": state.hardware?.hub.json]
        switch event {
        case .provisioned(let hardware, let at):
            return WireEvent(
                "HubProvisioned",
                hub.merging([
                    "serial": hardware.serial.json, "model": hardware.model.json, "thingName": hardware.thing.json, "vendorName": hardware.vendor?.json,
                    "provisionedAt": .int(at.milliseconds),
                ]))
        case .claimed(let claim, let at):
            return WireEvent(
                "HubClaimed",
                hub.merging([
                    "orgId": claim.org.json, "siteId": claim.site.json, "claimedBy": claim.user.json, "claimedAt": .int(at.milliseconds),
                ]))
        }
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        func text(_ name: String) -> String { data[name]?.text ?? "" }
        func moment(_ name: String) -> Moment { Moment(milliseconds: data[name]?.integer ?? 0) }
        switch stored.wire.type {
        case "HubProvisioned":
            let hardware = Hardware(
                hub: Hub.ID(text("hubId")), serial: NonEmpty(text("serial")), model: NonEmpty(text("model")), thing: ThingName(text("thingName")),
                vendor: data["vendorName"]?.text)
            return .provisioned(hardware, at: moment("provisionedAt"))
        case "HubClaimed":
            let claim = Claim(org: OrgID(text("orgId")), site: Site.ID(text("siteId")), user: UserID(text("claimedBy")))
            return .claimed(claim, at: moment("claimedAt"))
        default: return nil
        }
    }
}
