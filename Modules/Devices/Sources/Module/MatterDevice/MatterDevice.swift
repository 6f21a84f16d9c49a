import DevicesContracts
import Kernel

/// A Matter device behind a hub, with its own thing on the broker.
struct MatterDevice: Aggregate {
    static let category = Category("matter-device", className: "MatterDeviceAggregate", schemaVersion: 3)
    typealias ID = Kernel.ID<MatterDevice>

    /// Events after the registration state the tenant that the device belongs to by then, because it follows its hub.
    enum Event: Sendable, Equatable {
        /// - Parameter org: the tenant of the hub at that time.
        case created(Registration, org: OrgID?, at: Timestamp)
        case moved(to: Hub.ID, org: OrgID?, at: Timestamp)
        case reported(JSON.Object, org: OrgID?, at: Timestamp)
        case desired(JSON.Object, org: OrgID?, at: Timestamp)
        case pinSet(PinSlot, org: OrgID?, at: Timestamp)
        /// - Parameter user: the user index that the caller named.
        case pinCleared(credential: Int, user: Int?, org: OrgID?, at: Timestamp)
        case alarmTriggered(Alarm, org: OrgID?)
        case alarmCleared(Alarm, org: OrgID?)
        case batteryLow(BatteryReading, org: OrgID?, at: Timestamp)
        case batteryRestored(BatteryReading, org: OrgID?, at: Timestamp)
        case doorForced(org: OrgID?, at: Timestamp)
        case doorSecured(org: OrgID?, at: Timestamp)
        /// A door has been open for long; open since then.
        case doorHeldOpen(since: Timestamp, org: OrgID?, at: Timestamp)
        case tampered(org: OrgID?, at: Timestamp)
        case bellPressed(org: OrgID?, at: Timestamp)
        case wentOffline(since: Timestamp, org: OrgID?, at: Timestamp)
        case cameOnline(since: Timestamp, org: OrgID?, at: Timestamp)
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
    /// The latest reported values, by attribute path and by name.
    private(set) var reported = JSON.object([:])
    /// The PINs that are set, without the PINs themselves.
    private(set) var pins: [PinSlot] = []
    /// The alarms that are on.
    private(set) var alarms: [Alarm] = []
    private(set) var health = DeviceHealth()

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let registration, let org, _): (self.registration, self.org) = (registration, org)
        case .moved(let hub, let org, _):
            registration = registration.map { Registration(device: $0.device, thing: $0.thing, hub: hub, type: $0.type) }
            self.org = org
        case .reported(let document, let org, let at):
            reported = reported(after: document, at: at)
            self.org = org
        case .desired(_, let org, _): self.org = org
        case .pinSet(let slot, let org, _):
            pins.removeAll { $0.credential == slot.credential }
            pins.append(slot)
            self.org = org
        case .pinCleared(let credential, _, let org, _):
            pins.removeAll { $0.credential == credential }
            self.org = org
        case .alarmTriggered(let alarm, let org):
            alarms.removeAll { $0.isAbout(alarm) }
            alarms.append(alarm)
            self.org = org
        case .alarmCleared(let alarm, let org):
            alarms.removeAll { $0.isAbout(alarm) }
            self.org = org
        case .batteryLow(_, let org, _): (health.isBatteryLow, self.org) = (true, org)
        case .batteryRestored(_, let org, _): (health.isBatteryLow, self.org) = (false, org)
        case .doorForced(let org, _): (health.isDoorForced, self.org) = (true, org)
        case .doorSecured(let org, _):
            health.isDoorForced = false
            health.isDoorHeldOpen = false
            self.org = org
        case .doorHeldOpen(_, let org, _): (health.isDoorHeldOpen, self.org) = (true, org)
        case .tampered(let org, _), .bellPressed(let org, _): self.org = org
        case .wentOffline(_, let org, _): (health.isOffline, self.org) = (true, org)
        case .cameOnline(_, let org, _): (health.isOffline, self.org) = (false, org)
        }
    }

    var organisation: OrgID? { org }

    /// Returns what is reported after a document was merged into it.
    func reported(after document: JSON.Object, at now: Timestamp) -> JSON {
        var merge = Merge()
        return merge.merge(.object(document), into: reported, .null, at: now).0
    }
}
