import DevicesContracts
import Kernel

/// A gateway in a building, from manufacture to the end of its service.
struct Hub: Aggregate {
    static let category = Category("hub", className: "HubAggregate")
    typealias ID = Kernel.ID<Hub>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case unknown = "Unknown", provisioned = "Provisioned", claimed = "Claimed"
    }

    enum Event: Sendable, Equatable {
        case provisioned(Hardware, at: Timestamp)
        case claimed(Claim, at: Timestamp)
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

    private(set) var status = Status.unknown
    private(set) var hardware: Hardware?
    private(set) var provisionedAt: Timestamp?
    private(set) var claim: Claim?
    private(set) var claimedAt: Timestamp?

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
        }
    }

    var organisation: OrgID? { claim?.org }
}
