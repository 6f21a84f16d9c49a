import Kernel

/// A reading of a sensor.
struct SensorReading: Sendable, Equatable {
    let channel: Alarm.Channel
    let path: NonEmptyString
    let value: Double
    /// The Matter device type, which gives a boolean state its meaning.
    let deviceType: Int?
    let time: String

    /// The kind of alarm that the channel raises; nil for a boolean state without an alarming meaning.
    private var kind: Alarm.Kind? {
        switch (channel, deviceType) {
        case (.smoke, _), (.smokeInterconnect, _): .smoke
        case (.booleanState, DeviceTypes.contactSensor): .contact
        case (.booleanState, DeviceTypes.waterLeakDetector): .waterLeak
        case (.booleanState, _): nil
        }
    }

    /// How grave the value is; nil for a normal one. A contact is closed while its state is true (Matter Device Library, Contact Sensor);
    /// smoke is normal, warning or critical (Matter Application Cluster Specification, AlarmStateEnum).
    private func severity(of kind: Alarm.Kind) -> Alarm.Severity? {
        switch kind {
        case .contact: value == 0 ? .warning : nil
        case .waterLeak: value == 0 ? nil : .critical
        case .smoke: value >= 2 ? .critical : value >= 1 ? .warning : nil
        }
    }

    /// Returns the event of this reading; nil unless an alarm begins, becomes graver or ends.
    func event(after alarms: [Alarm], of org: OrgID?) -> MatterDevice.Event? {
        guard let kind else { return nil }
        let known = alarms.first { $0.channel == channel && $0.path == path }, severity = severity(of: kind)
        func alarm(_ kind: Alarm.Kind, _ severity: Alarm.Severity) -> Alarm {
            Alarm(channel: channel, path: path, kind: kind, severity: severity, deviceType: deviceType, value: value, time: time)
        }
        guard let severity else { return known.map { .alarmCleared(alarm($0.kind, .warning), org: org) } }
        guard known.map({ $0.severity < severity }) ?? true else { return nil }
        return .alarmTriggered(alarm(kind, severity), org: org)
    }

    /// Returns the readings that a reported document contains: boolean states and smoke alarms, on any endpoint.
    /// - Parameters:
    ///   - all: everything that the device has reported, in which its type stands.
    ///   - fallback: the type that it was registered as.
    static func all(in document: JSON.Object, of all: JSON, registeredAs fallback: String, at now: Timestamp) -> [SensorReading] {
        document.members.compactMap { member in
            let parts = member.key.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, Int(parts[0]) != nil, let channel = channels["\(parts[1])/\(parts[2])"] else { return nil }
            guard let value = member.value.boolean.map({ $0 ? 1.0 : 0.0 }) ?? member.value.number else { return nil }
            let type = all["\(parts[0])/29/0"]?.integer.map { Int($0) } ?? DeviceTypes.number(of: fallback)
            return SensorReading(channel: channel, path: NonEmptyString(member.key), value: value, deviceType: type, time: now.iso)
        }
    }

    /// BooleanState.StateValue, SmokeCoAlarm.SmokeState and InterconnectSmokeAlarm, by cluster and attribute.
    private static let channels: [String: Alarm.Channel] = ["69/0": .booleanState, "92/1": .smoke, "92/8": .smokeInterconnect]
}
