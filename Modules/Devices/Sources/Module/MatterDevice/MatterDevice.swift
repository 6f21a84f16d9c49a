import DevicesContracts
import Kernel

/// A device that speaks Matter, behind a hub. A thing of its own on the broker.
struct MatterDevice: Aggregate {
    static let category = Category("matter-device", className: "MatterDeviceAggregate")
    typealias ID = Kernel.ID<MatterDevice>

    enum Event: Sendable, Equatable {
        /// - Parameter org: the tenant of its hub at that time.
        case created(Registration, org: OrgID?, at: Moment)
    }

    /// What was registered.
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
    static func project(_ change: Change<MatterDevice>) -> [SQL] { MatterDevicesView.rows(for: change) }
}

// MARK: - On the wire

extension MatterDevice {
    static func wire(_ event: Event, in state: MatterDevice, at now: Moment) -> WireEvent {
        switch event {
        case .created(let registration, _, let at):
            WireEvent(
                "MatterDeviceCreated",
                [
                    "deviceId": registration.device.json, "thingName": registration.thing.json, "hubId": registration.hub.json,
                    "deviceType": .string(registration.type), "createdAt": .int(at.milliseconds),
                ])
        }
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        func text(_ name: String) -> String { data[name]?.text ?? "" }
        guard stored.wire.type == "MatterDeviceCreated" else { return nil }
        let registration = Registration(
            device: ID(text("deviceId")), thing: ThingName(text("thingName")), hub: Hub.ID(text("hubId")), type: text("deviceType"))
        return .created(registration, org: stored.org, at: Moment(milliseconds: data["createdAt"]?.integer ?? 0))
    }
}
