import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// What devices report, what is wanted of them, and the alarms that follow.
@Suite struct ReportTests {
    let now = Timestamp(milliseconds: 5)
    let registration = MatterDevice.Registration(device: "d", thing: "t", hub: "h", type: "contact_sensor")
    var created: MatterDevice.Event { .created(registration, org: "acme", at: now) }
    /// The device's hub has moved since it was registered.
    let facts = DeviceFacts(owner: .tenant("other", hub: "h"), batteryThreshold: 20)

    private func report(_ document: JSON.Object) -> UpdateReportedShadow { UpdateReportedShadow(device: "d", document: document) }
    private func ingest(_ document: JSON.Object) -> IngestReport { IngestReport(device: "d", document: document) }
    private func reported(_ document: JSON.Object) -> MatterDevice.Event { .reported(document, org: "other", at: now) }

    @Test func `a report is merged, and stored if it changes something`() {
        let first: JSON.Object = ["available": true, "a": ["b": 1, "c": [1, .null]]]
        Given<MatterDevice>(created).when(report(first), facts, at: now).then(reported(first))
        Given<MatterDevice>(created, reported(first)).when(report(first), facts, at: now).then()
        Given<MatterDevice>(created, reported(first)).when(report(["available": true]), facts, at: now).then()
        Given<MatterDevice>(created, reported(first), reported(["a": ["b": .null]])).then {
            $0.reported == ["available": true, "a": ["c": [1, .null]]]
        }
        // 1 is not 1.0, as for a shadow.
        Given<MatterDevice>(created, reported(["n": 1])).when(report(["n": .double(1.5)]), facts, at: now).then(
            reported(["n": .double(1.5)]))
    }

    @Test func `a device belongs to the tenant of its last event`() {
        Given<MatterDevice>(created).then { $0.organisation == "acme" }
        Given<MatterDevice>(created, reported(["a": 1])).then { $0.organisation == "other" }
    }

    @Test func `documents have limits`() {
        let large: JSON.Object = ["a": .string(String(repeating: "x", count: MatterDevice.maxReported))]
        Given<MatterDevice>(created).when(report(large), facts).thenRefused(.tooLarge)
        let deep = (0..<9).reduce(JSON.int(1)) { inner, _ in ["a": inner] }
        Given<MatterDevice>(created).when(report(deep.members!), facts).thenRefused(.tooDeep)
    }

    @Test func `what is wanted is stored as it is`() {
        Given<MatterDevice>(created).when(UpdateDesiredShadow(device: "d", document: ["on": true]), facts, at: now)
            .then(.desired(["on": true], org: "other", at: now))
    }

    // MARK: Alarms

    private func reading(_ channel: Alarm.Channel, _ value: Double, _ type: Int? = nil, path: NonEmptyString = "1/69/0")
        -> ReportSensorState
    {
        ReportSensorState(device: "d", channel: channel, path: path, value: value, deviceType: type, time: "then")
    }
    private func alarm(
        _ channel: Alarm.Channel, _ kind: Alarm.Kind, _ severity: Alarm.Severity, _ value: Double, _ type: Int? = nil,
        path: NonEmptyString = "1/69/0"
    ) -> Alarm {
        Alarm(channel: channel, path: path, kind: kind, severity: severity, deviceType: type, value: value, time: "then")
    }

    @Test(
        arguments: [
            (Alarm.Channel.booleanState, 21, 0.0, Alarm.Kind.contact, Alarm.Severity.warning),
            (.booleanState, 67, 1, .waterLeak, .critical),
            (.smoke, nil, 1, .smoke, .warning), (.smoke, 118, 2, .smoke, .critical), (.smokeInterconnect, nil, 2, .smoke, .critical),
        ] as [(Alarm.Channel, Int?, Double, Alarm.Kind, Alarm.Severity)])
    func `an alarm begins and ends once`(channel: Alarm.Channel, type: Int?, value: Double, kind: Alarm.Kind, severity: Alarm.Severity) {
        let normal: Double = kind == .contact ? 1 : 0
        let triggered = MatterDevice.Event.alarmTriggered(alarm(channel, kind, severity, value, type), org: "other")
        let cleared = MatterDevice.Event.alarmCleared(alarm(channel, kind, .warning, normal, type), org: "other")
        Given<MatterDevice>(created).when(reading(channel, normal, type), facts).then()
        Given<MatterDevice>(created).when(reading(channel, value, type), facts).then(triggered)
        Given<MatterDevice>(created, triggered).when(reading(channel, value, type), facts).then()
        Given<MatterDevice>(created, triggered).when(reading(channel, normal, type), facts).then(cleared)
        Given<MatterDevice>(created, triggered, cleared).when(reading(channel, normal, type), facts).then()
    }

    @Test func `an alarm grows, and a lesser one is no news`() {
        let warning = MatterDevice.Event.alarmTriggered(alarm(.smoke, .smoke, .warning, 1), org: "other")
        let critical = MatterDevice.Event.alarmTriggered(alarm(.smoke, .smoke, .critical, 2), org: "other")
        Given<MatterDevice>(created, warning).when(reading(.smoke, 2), facts).then(critical)
        Given<MatterDevice>(created, warning, critical).when(reading(.smoke, 1), facts).then()
        Given<MatterDevice>(created, warning, critical).when(reading(.smoke, 2), facts).then()
    }

    @Test(arguments: [nil, 65, 68, 999] as [Int?]) func `a boolean state without an alarming meaning is no alarm`(type: Int?) {
        for value in [0.0, 1.0] { Given<MatterDevice>(created).when(reading(.booleanState, value, type), facts).then() }
    }

    @Test func `channels and paths are told apart`() {
        let triggered = MatterDevice.Event.alarmTriggered(alarm(.smoke, .smoke, .warning, 1), org: "other")
        let other = alarm(.smoke, .smoke, .warning, 1, path: "2/92/1"), interconnected = alarm(.smokeInterconnect, .smoke, .warning, 1)
        Given<MatterDevice>(created, triggered).when(reading(.smoke, 1, path: "2/92/1"), facts).then(.alarmTriggered(other, org: "other"))
        Given<MatterDevice>(created, triggered).when(reading(.smokeInterconnect, 1), facts).then(
            .alarmTriggered(interconnected, org: "other"))
    }

    @Test func `a reported document raises the alarms of its paths`() {
        func event(
            _ path: NonEmptyString, _ channel: Alarm.Channel, _ kind: Alarm.Kind, _ severity: Alarm.Severity, _ value: Double, _ type: Int?
        )
            -> MatterDevice.Event
        {
            .alarmTriggered(
                Alarm(channel: channel, path: path, kind: kind, severity: severity, deviceType: type, value: value, time: now.iso),
                org: "other")
        }
        let told: JSON.Object = [
            "1/69/0": false, "2/92/1": 1, "2/92/8": 2, "2/92/7": 1, "x/69/0": false, "1/69/0/0": false, "3/69/0": true,
        ]
        Given<MatterDevice>(created, reported(["3/29/0": 67])).when(ingest(told), facts, at: now).then(
            reported(told), event("1/69/0", .booleanState, .contact, .warning, 0, 21), event("2/92/1", .smoke, .smoke, .warning, 1, 21),
            event("2/92/8", .smokeInterconnect, .smoke, .critical, 2, 21), event("3/69/0", .booleanState, .waterLeak, .critical, 1, 67))
        Given<MatterDevice>(created, reported(told)).when(ingest(told), facts, at: now).then()
    }

    @Test func `a device has a limited number of alarms`() {
        let many = JSON.Object((0..<65).map { ("\($0)/92/1", JSON.int(1)) })
        Given<MatterDevice>(created).when(ingest(many), facts).thenRefused(.tooManyAlarms)
    }

    // MARK: Health

    private func battery(_ half: Double?, _ level: DeviceWords.BatteryLevel? = nil) -> BatteryReading {
        BatteryReading(percent: half, level: level)
    }

    @Test func `a battery is told to be low once, and restored when it is well above`() {
        let low = MatterDevice.Event.batteryLow(battery(19.5), org: "other", at: now)
        let restored = MatterDevice.Event.batteryRestored(battery(25), org: "other", at: now)
        Given<MatterDevice>(created).when(ingest(["1/47/12": 40]), facts, at: now).then(reported(["1/47/12": 40]))
        Given<MatterDevice>(created).when(ingest(["1/47/12": 39]), facts, at: now).then(reported(["1/47/12": 39]), low)
        let before = [created, reported(["1/47/12": 39]), low]
        func given() -> Given<MatterDevice> { Given<MatterDevice>(before[0], before[1], before[2]) }
        given().when(ingest(["1/47/12": 30]), facts, at: now).then(reported(["1/47/12": 30]))
        given().when(ingest(["1/47/12": 49]), facts, at: now).then(reported(["1/47/12": 49]))
        given().when(ingest(["1/47/12": 50]), facts, at: now).then(reported(["1/47/12": 50]), restored)
    }

    @Test func `a level alone tells of a battery too`() {
        let low = MatterDevice.Event.batteryLow(battery(nil, .warning), org: "other", at: now)
        Given<MatterDevice>(created).when(ingest(["1/47/14": 1]), facts, at: now).then(reported(["1/47/14": 1]), low)
        Given<MatterDevice>(created, reported(["1/47/14": 1]), low).when(ingest(["1/47/14": 0]), facts, at: now).then(
            reported(["1/47/14": 0]), .batteryRestored(battery(nil, .ok), org: "other", at: now))
        // A battery that is full but faint is low.
        let faint = MatterDevice.Event.batteryLow(battery(80, .critical), org: "other", at: now)
        Given<MatterDevice>(created).when(ingest(["1/47/12": 160, "1/47/14": 2]), facts, at: now).then(
            reported(["1/47/12": 160, "1/47/14": 2]), faint)
    }

    @Test func `a forced door is told of once`() {
        let forced = MatterDevice.Event.doorForced(org: "other", at: now)
        Given<MatterDevice>(created).when(ingest(["1/257/3": 3]), facts, at: now).then(reported(["1/257/3": 3]), forced)
        Given<MatterDevice>(created, reported(["1/257/3": 3]), forced).when(ingest(["a": 1]), facts, at: now).then(reported(["a": 1]))
        Given<MatterDevice>(created, reported(["1/257/3": 3]), forced).when(ingest(["1/257/3": 1]), facts, at: now).then(
            reported(["1/257/3": 1]), .doorSecured(org: "other", at: now))
    }

    private func alarm(_ number: Int64, _ code: Int64) -> JSON.Object {
        ["lastEvent": ["number": .int(number), "path": "1/257/0", "data": ["alarmCode": .int(code)]]]
    }

    @Test func `what a lock raises an alarm about is told once for each alarm`() {
        let forced = MatterDevice.Event.doorForced(org: "other", at: now), tampered = MatterDevice.Event.tampered(org: "other", at: now)
        Given<MatterDevice>(created).when(ingest(alarm(1, 6)), facts, at: now).then(reported(alarm(1, 6)), forced)
        Given<MatterDevice>(created).when(ingest(alarm(1, 5)), facts, at: now).then(reported(alarm(1, 5)), tampered)
        let before = [created, reported(alarm(1, 5)), tampered]
        func given() -> Given<MatterDevice> { Given<MatterDevice>(before[0], before[1], before[2]) }
        given().when(ingest(["a": 1]), facts, at: now).then(reported(["a": 1]))
        given().when(ingest(alarm(2, 5)), facts, at: now).then(reported(alarm(2, 5)), tampered)
        given().when(ingest(alarm(2, 0)), facts, at: now).then(reported(alarm(2, 0)))
        Given<MatterDevice>(created).when(ingest(alarm(1, 7)), facts, at: now).then(
            reported(alarm(1, 7)), .doorHeldOpen(since: now, org: "other", at: now))
    }

    @Test func `a door that was forced is secure when it is closed, and not before`() {
        let forced = MatterDevice.Event.doorForced(org: "other", at: now), open = reported(["1/257/3": 0])
        for state in [0, 2, 4, 5] as [Int64] {
            Given<MatterDevice>(created, open, reported(alarm(1, 6)), forced).when(
                ingest(["1/257/3": .int(state), "a": 1]), facts, at: now
            ).then(reported(["1/257/3": .int(state), "a": 1]))
        }
        Given<MatterDevice>(created, open, reported(alarm(1, 6)), forced).when(ingest(["1/257/3": 1]), facts, at: now).then(
            reported(["1/257/3": 1]), .doorSecured(org: "other", at: now))
    }

    @Test func `a door that is held open is told of once, until it is closed`() {
        let held = MatterDevice.Event.doorHeldOpen(since: now, org: "other", at: now), tell = TellHeldDoor(device: "d", since: now)
        let open = reported(["1/257/3": 0])
        Given<MatterDevice>(created, open).when(tell, facts, at: now).then(held)
        Given<MatterDevice>(created, open, held).when(tell, facts, at: now).then()
        Given<MatterDevice>(created, open, reported(["1/257/3": 1])).when(tell, facts, at: now).then()
        Given<MatterDevice>(created, open, held).when(ingest(["1/257/3": 5]), facts, at: now).then(reported(["1/257/3": 5]))
        Given<MatterDevice>(created, open, held).when(ingest(["1/257/3": 1]), facts, at: now).then(
            reported(["1/257/3": 1]), .doorSecured(org: "other", at: now))
    }

    @Test(arguments: ["doorbell", "switch", "intercom"]) func `a press of a bell is told when it begins`(type: String) {
        let bell = MatterDevice.Registration(device: "d", thing: "t", hub: "h", type: type)
        let made = MatterDevice.Event.created(bell, org: "acme", at: now), rang = MatterDevice.Event.bellPressed(org: "other", at: now)
        Given<MatterDevice>(made).when(ingest(["1/59/1": 1]), facts, at: now).then(reported(["1/59/1": 1]), rang)
        Given<MatterDevice>(made, reported(["1/59/1": 1]), rang).when(ingest(["1/59/1": 0]), facts, at: now).then(reported(["1/59/1": 0]))
        let press: JSON.Object = ["lastEvent": ["number": 7, "path": "2/59/1"]]
        Given<MatterDevice>(made).when(ingest(press), facts, at: now).then(reported(press), rang)
        // A sensor with a button is no bell.
        Given<MatterDevice>(created).when(ingest(["1/59/1": 1]), facts, at: now).then(reported(["1/59/1": 1]))
    }

    @Test func `a device that is away is told of once, and once when it is back`() {
        func tell(_ isOnline: Bool) -> TellPresence { TellPresence(device: "d", isOnline: isOnline, since: now) }
        let offline = MatterDevice.Event.wentOffline(since: now, org: "other", at: now)
        let online = MatterDevice.Event.cameOnline(since: now, org: "other", at: now)
        Given<MatterDevice>(created).when(tell(true), facts, at: now).then()
        Given<MatterDevice>(created).when(tell(false), facts, at: now).then(offline)
        Given<MatterDevice>(created, offline).when(tell(false), facts, at: now).then()
        Given<MatterDevice>(created, offline).when(tell(true), facts, at: now).then(online)
    }

    // MARK: PINs

    private func set(_ pin: LockPin = "123456", user: Int? = nil, at credential: Int? = nil) -> SetMatterPin {
        SetMatterPin(
            device: "d", pin: pin, user: user.map(PositiveInt.init(number:)), credential: credential.map(PositiveInt.init(number:)))
    }
    private func isSet(_ credential: Int, user: Int) -> MatterDevice.Event {
        .pinSet(PinSlot(credential: credential, user: user), org: "other", at: now)
    }

    @Test func `a PIN goes where it is told, or to the first free place`() {
        Given<MatterDevice>(created).when(set(user: 3, at: 4), facts, at: now).then(isSet(4, user: 3))
        Given<MatterDevice>(created).when(set(), facts, at: now).then(isSet(1, user: 1))
        Given<MatterDevice>(created, isSet(1, user: 1), isSet(3, user: 2)).when(set(), facts, at: now).then(isSet(2, user: 3))
        Given<MatterDevice>(created, isSet(1, user: 5)).when(set(at: 1), facts, at: now).then(isSet(1, user: 5))
        let cleared = MatterDevice.Event.pinCleared(credential: 1, user: nil, org: "other", at: now)
        Given<MatterDevice>(created, isSet(1, user: 1), cleared).when(set(), facts, at: now).then(isSet(1, user: 1))
    }

    @Test func `a lock takes what it says it can hold`() {
        let limits = reported(["1/257/18": 2, "1/257/23": 6, "1/257/24": 5])
        Given<MatterDevice>(created, limits).when(set("1234"), facts).thenRefused(.pinLength(shortest: 5, longest: 6))
        Given<MatterDevice>(created, limits).when(set("1234567"), facts).thenRefused(.pinLength(shortest: 5, longest: 6))
        Given<MatterDevice>(created, limits).when(set("12345"), facts, at: now).then(isSet(1, user: 1))
        Given<MatterDevice>(created, limits).when(set(at: 3), facts).thenRefused(.index(most: 2))
        Given<MatterDevice>(created, limits, isSet(1, user: 1), isSet(2, user: 2)).when(set(), facts).thenRefused(.full)
        let clear = ClearMatterPin(device: "d", credential: PositiveInt(number: 3), user: nil)
        Given<MatterDevice>(created, limits).when(clear, facts).thenRefused(.index(most: 2))
        Given<MatterDevice>(created).when(clear, facts, at: now).then(.pinCleared(credential: 3, user: nil, org: "other", at: now))
    }

    @Test func `the endpoint is the one that has the Door Lock cluster`() {
        #expect(PinLimits(["2/257/0": 1, "2/257/18": 7, "1/29/0": 10]).endpoint == 2)
        #expect(PinLimits(["2/257/0": 1, "2/257/18": 7]).users == 7)
        #expect(PinLimits([:]).endpoint == 1)
        #expect(PinLimits(["-1/257/0": 1, "70000/257/0": 1, "3/257/0": 1]).endpoint == 3)
    }

    @Test(arguments: [0, -1, Int64.min]) func `a lock that says it holds nothing takes nothing`(users: Int64) {
        Given<MatterDevice>(created, reported(["1/257/18": .int(users)])).when(set(), facts).thenRefused(.full)
    }

    @Test func `a lock that says it holds everything is believed within reason`() {
        Given<MatterDevice>(created, reported(["1/257/18": .int(.max)])).when(set(), facts, at: now).then(isSet(1, user: 1))
    }

    @Test func `a PIN is not printed`() { #expect("\(LockPin("123456"))" == "•••") }

    @Test(arguments: ["123", "123456789", "12a4", "", "１２３４"]) func `a PIN has four to eight digits`(text: String) {
        #expect(LockPin.problem(with: text) != nil)
    }
}
