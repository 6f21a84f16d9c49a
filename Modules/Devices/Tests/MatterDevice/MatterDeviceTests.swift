import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct MatterDeviceTests {
    let now = Timestamp(milliseconds: 5)
    let registration = MatterDevice.Registration(device: "d", thing: "t", hub: "h", type: "lock")
    var created: MatterDevice.Event { .created(registration, org: "acme", at: now) }

    func create(named: MatterDevice.ID = "d") -> CreateMatterDevice {
        CreateMatterDevice(device: "d", named: named, thing: "t", hub: "h", type: "lock")
    }

    /// Of a device behind a hub of acme, registered by acme.
    func facts(_ owner: ThingOwner = .nobody) -> CreateMatterDevice.Facts {
        CreateMatterDevice.Facts(hub: .claimed(by: "acme"), owner: owner, asking: "acme")
    }

    @Test func `a device is registered`() { Given<MatterDevice>().when(create(), facts(), at: now).then(created) }
    @Test func `registering again changes nothing`() { Given<MatterDevice>(created).when(create(), facts(), at: now).then() }
    @Test func `path and body must name the same device`() {
        Given<MatterDevice>().when(create(named: "other"), facts()).thenRefused(.otherDevice)
    }

    @Test(
        arguments: [
            (.tenant("acme", hub: nil), true), (.tenant("other", hub: nil), false), (.unclaimed("h"), true), (.unclaimed("g"), false),
            (.person, false),
        ]
            as [(ThingOwner, Bool)])
    func `a thing that somebody else has is not taken over`(owner: ThingOwner, isTaken: Bool) {
        let decision = Given<MatterDevice>().when(create(), facts(owner), at: now)
        if isTaken { decision.then(created) } else { decision.thenRefused(.thingTaken) }
    }

    @Test(arguments: [
        (Caller.key(org: "acme", isSuper: false), true, true), (.key(org: "other", isSuper: false), true, false),
        (.key(org: "ops", isSuper: true), true, true),
        (.user("u", email: nil), false, false), (.anonymous, false, false),
    ])
    func `a device is its tenant's`(caller: Caller, before: Bool, after: Bool) {
        Given<MatterDevice>().then { $0.isOpen(to: caller) == before }
        Given<MatterDevice>(created).then { $0.isOpen(to: caller) == after }
    }

    @Test func `events and states are read by every later build`() throws {
        let alarm = Alarm(
            channel: .smoke, path: "1/92/1", kind: .smoke, severity: .warning, deviceType: 118, value: 1, time: "2026-08-20T09:30:00.000Z")
        let events: [MatterDevice.Event] = [
            created, .moved(to: "g", org: "acme", at: now), .reported(["available": true], org: "acme", at: now),
            .desired(["on": true], org: "acme", at: now),
            .pinSet(PinSlot(credential: 2, user: 3), org: "acme", at: now), .pinCleared(credential: 1, user: 3, org: "acme", at: now),
            .alarmCleared(alarm, org: "acme"), .alarmTriggered(alarm, org: "acme"),
            .batteryRestored(BatteryReading(percent: 80, level: nil), org: "acme", at: now), .tampered(org: "acme", at: now),
            .bellPressed(org: "acme", at: now), .doorHeldOpen(since: now, org: "acme", at: now),
            .batteryLow(BatteryReading(percent: 19.5, level: .warning), org: "acme", at: now), .doorSecured(org: "acme", at: now),
            .doorForced(org: "acme", at: now), .doorHeldOpen(since: now, org: "acme", at: now),
            .cameOnline(since: now, org: "acme", at: now),
            .wentOffline(since: now, org: "acme", at: now),
        ]
        try GoldenSamples.check(events, of: MatterDevice.self)
    }
}
