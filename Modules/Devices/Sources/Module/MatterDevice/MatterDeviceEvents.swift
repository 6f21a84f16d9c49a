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

    let reported = EventForm<MatterDevice>(
        "ReportedShadowUpdated", "A device reported values.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("reported"), .tenant, .milliseconds("updatedAt")),
        make: { .reported($0, org: $1, at: $2) },
        take: { if case .reported(let document, let org, let at) = $0 { (document, org, at) } else { nil } })

    let desired = EventForm<MatterDevice>(
        "DesiredShadowUpdated", "Values were wanted of a device.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("desired"), .tenant, .milliseconds("updatedAt")),
        make: { .desired($0, org: $1, at: $2) },
        take: { if case .desired(let document, let org, let at) = $0 { (document, org, at) } else { nil } })

    let pinSet = EventForm<MatterDevice>(
        "MatterPinSet", "A PIN was sent to a lock.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("userIndex"), .member("credentialIndex"), .tenant, .milliseconds("timestamp")),
        make: { .pinSet(PinSlot(credential: $1, user: $0), org: $2, at: $3) },
        take: { if case .pinSet(let slot, let org, let at) = $0 { (slot.user, slot.credential, org, at) } else { nil } })

    let pinCleared = EventForm<MatterDevice>(
        "MatterPinCleared", "The removal of a PIN was sent to a lock.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("userIndex"), .member("credentialIndex"), .tenant, .milliseconds("timestamp")),
        make: { .pinCleared(credential: $1, user: $0, org: $2, at: $3) },
        take: { if case .pinCleared(let credential, let user, let org, let at) = $0 { (user, credential, org, at) } else { nil } })

    let alarmTriggered = EventForm<MatterDevice>(
        "AlarmTriggered", "A sensor raised an alarm, or a graver one.", derived: [identity[0]],
        members: .init(
            .member("channel"), .member("alarmType"), .member("severity"), .member("matterPath"), .member("deviceTypeId"),
            .member("rawValue"), .tenant, .member("timestamp")),
        make: { channel, kind, severity, path, type, value, org, time in
            .alarmTriggered(
                Alarm(channel: channel, path: path, kind: kind, severity: severity, deviceType: type, value: value, time: time), org: org)
        },
        take: { event in
            guard case .alarmTriggered(let it, let org) = event else { return nil }
            return (it.channel, it.kind, it.severity, it.path, it.deviceType, it.value, org, it.time)
        })

    let alarmCleared = EventForm<MatterDevice>(
        "AlarmCleared", "A sensor is back to normal.", derived: [identity[0]],
        members: .init(
            .member("channel"), .member("alarmType"), .member("matterPath"), .member("deviceTypeId"), .member("rawValue"), .tenant,
            .member("timestamp")),
        make: { channel, kind, path, type, value, org, time in
            .alarmCleared(
                Alarm(channel: channel, path: path, kind: kind, severity: .warning, deviceType: type, value: value, time: time), org: org)
        },
        take: { event in
            guard case .alarmCleared(let it, let org) = event else { return nil }
            return (it.channel, it.kind, it.path, it.deviceType, it.value, org, it.time)
        })

    private static let identity = [
        DerivedMember<MatterDevice>("deviceId") { device, _ in device.registration?.device },
        DerivedMember<MatterDevice>("thingName") { device, _ in device.registration?.thing },
    ]

    func form(of event: MatterDevice.Event) -> EventForm<MatterDevice> {
        switch event {
        case .created: created
        case .reported: reported
        case .desired: desired
        case .pinSet: pinSet
        case .pinCleared: pinCleared
        case .alarmTriggered: alarmTriggered
        case .alarmCleared: alarmCleared
        }
    }
}
