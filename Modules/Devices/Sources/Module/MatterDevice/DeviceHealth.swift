import Kernel

/// What is wrong with a device, as far as its tenant has been told.
struct DeviceHealth: Sendable, Equatable, Codable {
    var isBatteryLow = false
    var isDoorForced = false
    var isOffline = false
    var isDoorHeldOpen = false
}

/// What a device has last said of its battery.
struct BatteryReading: Sendable, Equatable {
    /// Nil if the device does not say it.
    let percent: Double?
    let level: DeviceWords.BatteryLevel?

    /// How far above the threshold a battery must be to count as restored: one at the threshold would be told of again and again.
    private static let hysteresis = 5.0

    init(percent: Double?, level: DeviceWords.BatteryLevel?) { (self.percent, self.level) = (percent, level) }

    init(_ words: DeviceWords) { self.init(percent: words.batteryPercent, level: words.battery) }

    /// Returns whether the battery is low now; nil when that cannot be told, or has not changed enough.
    /// - Parameter threshold: in percent.
    func isLow(below threshold: Int, before wasLow: Bool) -> Bool? {
        let isLevelLow = level.map { $0 != .ok }
        guard let percent else { return isLevelLow }
        if percent < Double(threshold) || isLevelLow == true { return true }
        return percent >= Double(threshold) + Self.hysteresis || !wasLow ? false : nil
    }
}
