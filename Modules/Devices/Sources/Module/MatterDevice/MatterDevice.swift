import DevicesContracts
import Kernel

/// A Matter device behind a hub, with its own thing on the broker.
struct MatterDevice: Aggregate {
    static let category = Category("matter-device", className: "MatterDeviceAggregate")
    typealias ID = Kernel.ID<MatterDevice>

    enum Event: Sendable, Equatable {
        /// - Parameter org: the tenant of the hub at that time.
        case created(Registration, org: OrgID?, at: Timestamp)
    }

    /// The registered data.
    struct Registration: Sendable, Equatable, Codable {
        let device: MatterDevice.ID
        let thing: ThingName
        let hub: Hub.ID
        /// `lock`, `contact_sensor` …
        let type: String
    }

    private(set) var registration: Registration?
    private(set) var org: OrgID?

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let registration, let org, _): (self.registration, self.org) = (registration, org)
        }
    }

    var organisation: OrgID? { org }
}
