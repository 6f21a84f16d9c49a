import Application
import Kernel

/// Takes one reading of a sensor and raises or clears its alarm.
struct ReportSensorState: ConcernsDevice {
    let device: MatterDevice.ID
    let channel: Alarm.Channel
    let path: NonEmptyString
    let value: Double
    let deviceType: Int?
    let time: String?

    typealias Refusal = MatterRefusal

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        let reading = SensorReading(channel: channel, path: path, value: value, deviceType: deviceType, time: time ?? now.iso)
        return try state.alarmEvents(of: [reading], facts)
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/ReportSensorState", "Report the reading of a sensor",
        allow: .tenantKey,
        inputs: .init(
            .path("id", "Id of the device."),
            .body("channel", "What was read."),
            .body("matterPath", "The attribute that was read: `endpoint/cluster/attribute`."),
            .body("value", "0 or 1 for a boolean state; 0 normal, 1 warning, 2 critical for smoke."),
            .body("deviceTypeId", "The Matter device type, which gives a boolean state its meaning."),
            .body("timestamp", "When it was read; the time of the request when absent.")),
        make: ReportSensorState.init(device:channel:path:value:deviceType:time:)
    )
}

extension MatterDevice {
    /// Maximum number of alarms that are on at once.
    private static let maxAlarms = 64

    /// Returns the events of some readings, one after the other.
    func alarmEvents(of readings: [SensorReading], _ facts: DeviceFacts) throws(MatterRefusal) -> [Event] {
        var state = self, events: [Event] = []
        for reading in readings {
            guard let event = reading.event(after: state.alarms, of: facts.owner.org) else { continue }
            state.apply(event)
            events.append(event)
        }
        guard state.alarms.count <= Self.maxAlarms else { throw .tooManyAlarms }
        return events
    }
}
