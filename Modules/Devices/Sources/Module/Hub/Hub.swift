import DevicesContracts
import Kernel

/// A gateway in a building, from manufacture to the end of its service.
struct Hub: Aggregate {
    static let category = Category("hub", className: "HubAggregate", schemaVersion: 2)
    typealias ID = Kernel.ID<Hub>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case unknown = "Unknown", provisioned = "Provisioned", claimed = "Claimed", suspended = "Suspended", decommissioned =
            "Decommissioned"
    }

    enum Event: Sendable, Equatable {
        case provisioned(Hardware, at: Timestamp)
        case claimed(Claim, at: Timestamp)
        case reclaimed(Claim, from: Place, reason: Reason, at: Timestamp)
        case roleSet(isPrimary: Bool, by: UserID, at: Timestamp)
        case suspended(Intervention, at: Timestamp)
        case resumed(Intervention, at: Timestamp)
        case decommissioned(Intervention, at: Timestamp)
    }

    /// The manufactured hardware.
    struct Hardware: Sendable, Equatable, Codable {
        let hub: Hub.ID
        let serial: NonEmptyString
        let model: NonEmptyString
        let thing: ThingName
        let vendor: String?
    }

    /// The tenant and site of a hub, and the user who claimed it.
    struct Claim: Sendable, Equatable, Codable {
        let org: OrgID
        let site: Site.ID
        let user: UserID
    }

    enum Site { typealias ID = Kernel.ID<Site> }

    /// Where a hub stands, and whose it is.
    struct Place: Sendable, Equatable, Codable {
        let org: OrgID
        let site: Site.ID
    }

    /// Who changed the standing of a hub, and why.
    struct Intervention: Sendable, Equatable, Codable {
        let reason: Reason
        let user: UserID
    }

    private(set) var status = Status.unknown
    private(set) var hardware: Hardware?
    private(set) var provisionedAt: Timestamp?
    private(set) var claim: Claim?
    private(set) var claimedAt: Timestamp?
    private(set) var isPrimary = false

    mutating func apply(_ event: Event) {
        switch event {
        case .provisioned(let hardware, let at):
            status = .provisioned
            self.hardware = hardware
            provisionedAt = at
        case .claimed(let claim, let at):
            status = .claimed
            self.claim = claim
            claimedAt = at
        case .reclaimed(let claim, _, _, let at):
            status = .claimed
            self.claim = claim
            claimedAt = at
        case .roleSet(let isPrimary, _, _): self.isPrimary = isPrimary
        case .suspended: status = .suspended
        case .resumed: status = claim == nil ? .provisioned : .claimed
        case .decommissioned: status = .decommissioned
        }
    }

    var organisation: OrgID? { claim?.org }
    /// Maximum number of devices that register themselves behind a hub.
    static let maxDevices = 500
    /// Whether nothing behind it takes commands.
    var isOutOfService: Bool { status == .suspended || status == .decommissioned }

    /// A hub that moves is told of to both tenants.
    func audience(of event: Event, before: Hub) -> [OrgID] {
        [before.organisation, organisation].compactMap(\.self).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
