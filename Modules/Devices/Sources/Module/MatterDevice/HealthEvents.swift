import Kernel

extension MatterDevice {
    /// Returns the events of what has become better or worse with a report.
    /// - Parameters:
    ///   - before: what was reported before.
    ///   - after: what is reported now.
    func healthEvents(from before: JSON, to after: JSON, _ facts: DeviceFacts, at now: Timestamp) -> [Event] {
        let words = DeviceWords(after), battery = BatteryReading(words), org = facts.owner.org
        var events: [Event] = []
        if battery != BatteryReading(DeviceWords(before)),
            let isLow = battery.isLow(below: facts.batteryThreshold, before: health.isBatteryLow), isLow != health.isBatteryLow
        {
            events.append(isLow ? .batteryLow(battery, org: org, at: now) : .batteryRestored(battery, org: org, at: now))
        }
        if let door = words.door, (door == .forcedOpen) != health.isDoorForced {
            events.append(door == .forcedOpen ? .doorForced(org: org, at: now) : .doorSecured(org: org, at: now))
        }
        return events
    }
}
