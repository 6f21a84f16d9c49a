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

    let moved = EventForm<MatterDevice>(
        "MatterDeviceMoved", "A device is behind another hub of its tenant.", audience: .modules, derived: identity,
        members: .init(.member("hubId"), .tenant, .milliseconds("movedAt")),
        make: { .moved(to: $0, org: $1, at: $2) },
        take: { if case .moved(let hub, let org, let at) = $0 { (hub, org, at) } else { nil } })

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

    let batteryLow = battery("DeviceBatteryLow", "The battery of a device is low.") {
        .batteryLow($0, org: $1, at: $2)
    } take: {
        if case .batteryLow(let reading, let org, let at) = $0 { (reading, org, at) } else { nil }
    }

    let batteryRestored = battery("DeviceBatteryRestored", "The battery of a device was charged or replaced.") {
        .batteryRestored($0, org: $1, at: $2)
    } take: {
        if case .batteryRestored(let reading, let org, let at) = $0 { (reading, org, at) } else { nil }
    }

    private static func battery(
        _ name: String, _ summary: String, make: @escaping @Sendable (BatteryReading, OrgID?, Timestamp) -> MatterDevice.Event,
        take: @escaping @Sendable (MatterDevice.Event) -> (BatteryReading, OrgID?, Timestamp)?
    ) -> EventForm<MatterDevice> {
        EventForm(
            name, summary, derived: identity,
            members: .init(.member("batteryPercent"), .member("batteryLevel"), .tenant, .milliseconds("timestamp")),
            make: { make(BatteryReading(percent: $0, level: $1), $2, $3) },
            take: { event in take(event).map { ($0.0.percent, $0.0.level, $0.1, $0.2) } })
    }

    let doorForced = EventForm<MatterDevice>(
        "DoorForced", "A door was opened by force, as its lock reports.", derived: identity,
        members: .init(.tenant, .milliseconds("timestamp")), make: { .doorForced(org: $0, at: $1) },
        take: { if case .doorForced(let org, let at) = $0 { (org, at) } else { nil } })

    let doorSecured = EventForm<MatterDevice>(
        "DoorSecured", "A door that was forced or held open is closed again.", derived: identity,
        members: .init(.tenant, .milliseconds("timestamp")), make: { .doorSecured(org: $0, at: $1) },
        take: { if case .doorSecured(let org, let at) = $0 { (org, at) } else { nil } })

    let doorHeldOpen = EventForm<MatterDevice>(
        "DoorHeldOpen", "A door has been open for longer than it should.", derived: identity,
        members: .init(.milliseconds("since"), .tenant, .milliseconds("timestamp")), make: { .doorHeldOpen(since: $0, org: $1, at: $2) },
        take: { if case .doorHeldOpen(let since, let org, let at) = $0 { (since, org, at) } else { nil } })

    let tampered = EventForm<MatterDevice>(
        "DeviceTampered", "A device reports that somebody tampers with it.", derived: identity,
        members: .init(.tenant, .milliseconds("timestamp")), make: { .tampered(org: $0, at: $1) },
        take: { if case .tampered(let org, let at) = $0 { (org, at) } else { nil } })

    let bellPressed = EventForm<MatterDevice>(
        BellPressed.name, "Somebody presses a doorbell, or a switch that serves as one.", audience: .modules, derived: identity,
        members: .init(.tenant, .milliseconds("timestamp")), make: { .bellPressed(org: $0, at: $1) },
        take: { if case .bellPressed(let org, let at) = $0 { (org, at) } else { nil } })

    let wentOffline = EventForm<MatterDevice>(
        "DeviceOffline", "A device has been away for longer than the grace time.", derived: identity,
        members: .init(.milliseconds("since"), .tenant, .milliseconds("timestamp")), make: { .wentOffline(since: $0, org: $1, at: $2) },
        take: { if case .wentOffline(let since, let org, let at) = $0 { (since, org, at) } else { nil } })

    let cameOnline = EventForm<MatterDevice>(
        "DeviceOnline", "A device that was away is back.", derived: identity,
        members: .init(.milliseconds("since"), .tenant, .milliseconds("timestamp")), make: { .cameOnline(since: $0, org: $1, at: $2) },
        take: { if case .cameOnline(let since, let org, let at) = $0 { (since, org, at) } else { nil } })

    private static let identity = [
        DerivedMember<MatterDevice>.always("deviceId") { $0.registration?.device },
        DerivedMember<MatterDevice>.always("thingName") { $0.registration?.thing },
    ]

    func form(of event: MatterDevice.Event) -> EventForm<MatterDevice> {
        switch event {
        case .created: created
        case .moved: moved
        case .reported: reported
        case .desired: desired
        case .pinSet: pinSet
        case .pinCleared: pinCleared
        case .alarmTriggered: alarmTriggered
        case .alarmCleared: alarmCleared
        case .batteryLow: batteryLow
        case .batteryRestored: batteryRestored
        case .doorForced: doorForced
        case .doorSecured: doorSecured
        case .doorHeldOpen: doorHeldOpen
        case .tampered: tampered
        case .bellPressed: bellPressed
        case .wentOffline: wentOffline
        case .cameOnline: cameOnline
        }
    }
}
