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
        let reading = DoorReading(words.door, DeviceEvent(after, since: before))
        if reading.isForced, !health.isDoorForced { events.append(.doorForced(org: org, at: now)) }
        if reading.isAjar, !health.isDoorHeldOpen { events.append(.doorHeldOpen(since: now, org: org, at: now)) }
        if reading.isSecure(after: health) { events.append(.doorSecured(org: org, at: now)) }
        if reading.isTampered { events.append(.tampered(org: org, at: now)) }
        if isBellPressed(from: before, to: after) { events.append(.bellPressed(org: org, at: now)) }
        return events
    }

    /// Whether a doorbell, or a switch that serves as one, was pressed: its position has left zero (Switch cluster, CurrentPosition), or it
    /// tells of a press (InitialPress).
    private func isBellPressed(from before: JSON, to after: JSON) -> Bool {
        guard let type = registration.flatMap({ DeviceTypes.number(of: $0.type) }), DeviceTypes.bells.contains(type) else { return false }
        if let event = DeviceEvent(after, since: before), event.isInitialPress { return true }
        return after.members?.contains { member in
            member.key.hasSuffix("/59/1") && member.value.integer ?? 0 > 0 && before[member.key]?.integer ?? 0 == 0
        } ?? false
    }
}
