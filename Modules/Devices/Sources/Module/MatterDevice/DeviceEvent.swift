import Kernel

/// The latest event that a device has told of: the member `lastEvent` of what it reports, `{number, path, data}`, where the path is
/// `endpoint/cluster/event`.
struct DeviceEvent: Sendable, Equatable {
    let number: Int64
    /// `cluster/event`
    let kind: String
    let data: JSON

    /// Nil when the device tells of none, or of the one that it has told of before.
    init?(_ reported: JSON, since before: JSON) {
        guard let told = reported["lastEvent"], let number = told["number"]?.integer, let path = told["path"]?.text else { return nil }
        guard before["lastEvent"]?["number"] != told["number"] || before["lastEvent"]?["path"] != told["path"] else { return nil }
        self.number = number
        kind = path.split(separator: "/").dropFirst().joined(separator: "/")
        data = told["data"] ?? .null
    }

    /// Switch.InitialPress.
    var isInitialPress: Bool { kind == "59/1" }

    /// DoorLock.DoorLockAlarm, with its AlarmCodeEnum.
    var lockAlarm: LockAlarm? { kind == "257/0" ? data["alarmCode"]?.integer.flatMap(LockAlarm.init(rawValue:)) : nil }

    /// What a lock raises an alarm about (Matter Application Cluster Specification, Door Lock, AlarmCodeEnum); others are not told.
    enum LockAlarm: Int64 { case coverRemoved = 5, doorForcedOpen = 6, doorAjar = 7 }
}

/// What a lock says of its door, by attribute or by event.
struct DoorReading: Sendable, Equatable {
    /// Nil for a lock that does not know its door.
    private let state: DeviceWords.DoorState?
    private let alarm: DeviceEvent.LockAlarm?

    init(_ state: DeviceWords.DoorState?, _ event: DeviceEvent?) { (self.state, alarm) = (state, event?.lockAlarm) }

    var isForced: Bool { state == .forcedOpen || alarm == .doorForcedOpen }
    var isAjar: Bool { alarm == .doorAjar }
    var isTampered: Bool { alarm == .coverRemoved }

    /// Whether the door is closed after it was forced or held open.
    func isSecure(after health: DeviceHealth) -> Bool {
        state == .closed && !isForced && !isAjar && (health.isDoorForced || health.isDoorHeldOpen)
    }
}
