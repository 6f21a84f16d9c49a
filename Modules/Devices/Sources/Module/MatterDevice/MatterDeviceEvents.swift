import DevicesContracts
import Kernel

extension MatterDevice {
    static let events = EventRegistry(MatterDeviceEvents())
    static let views = [MatterDevicesView.view]
}

/// The events of a Matter device.
struct MatterDeviceEvents: EventForms {
    let created = EventForm<MatterDevice>(
        "MatterDeviceCreated", "A Matter device was registered.",
        members: .init(
            .member("deviceId"), .member("thingName"), .member("hubId"), .member("deviceType"), .tenant, .milliseconds("createdAt")),
        make: { (device: MatterDevice.ID, thing: ThingName, hub: Hub.ID, type: String, org: OrgID?, at: Timestamp) in
            .created(MatterDevice.Registration(device: device, thing: thing, hub: hub, type: type), org: org, at: at)
        },
        take: { event in
            guard case .created(let it, let org, let at) = event else { return nil }
            return (it.device, it.thing, it.hub, it.type, org, at)
        })

    func form(of event: MatterDevice.Event) -> EventForm<MatterDevice> {
        switch event {
        case .created: created
        }
    }
}
