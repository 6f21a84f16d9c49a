import Kernel

/// What a device has reported, in words. Nil for what it has not reported.
struct DeviceWords: Sendable, Equatable {
    /// DoorLock.LockState (Matter Application Cluster Specification, DlLockState).
    enum LockState: String, CaseIterable, WireValue { case notFullyLocked, locked, unlocked, unlatched, unknown }
    /// DoorLock.DoorState (DoorStateEnum).
    enum DoorState: String, CaseIterable, WireValue {
        case open, closed, jammed, forcedOpen, error, ajar, unknown

        /// Nil when that cannot be told.
        var isOpen: Bool? {
            switch self {
            case .open, .forcedOpen, .ajar: true
            case .closed: false
            case .jammed, .error, .unknown: nil
            }
        }
    }
    /// PowerSource.BatChargeLevel (BatChargeLevelEnum).
    enum BatteryLevel: String, CaseIterable, WireValue { case ok, warning, critical }

    private(set) var lock: LockState?
    private(set) var door: DoorState?
    private(set) var batteryPercent: Double?
    private(set) var battery: BatteryLevel?
    private(set) var isReachable: Bool?

    init(_ reported: JSON) {
        func first(_ attribute: String) -> JSON? {
            let paths = reported.members?.keys.filter { $0.hasSuffix("/" + attribute) && $0.split(separator: "/").count == 3 } ?? []
            return paths.min { (Int($0.prefix { $0 != "/" }) ?? 0) < (Int($1.prefix { $0 != "/" }) ?? 0) }.flatMap { reported[$0] }
        }
        /// Returns the case with the number that is reported.
        func word<Word: CaseIterable>(_ attribute: String) -> Word? {
            guard let number = first(attribute)?.integer, (0..<Int64(Word.allCases.count)).contains(number) else { return nil }
            return Array(Word.allCases)[Int(number)]
        }
        lock = word("257/0") ?? first("257/0").map { _ in .unknown }
        door = word("257/3") ?? first("257/3").map { _ in .unknown }
        // In half percent (PowerSource.BatPercentRemaining).
        batteryPercent = first("47/12")?.number.map { $0 / 2 }
        battery = word("47/14")
        isReachable = first("57/17")?.boolean ?? reported["available"]?.boolean
    }

    static let shape = Shape<DeviceWords>(
        .member("lockState") { $0.lock }, .member("doorState") { $0.door }, .member("batteryPercent") { $0.batteryPercent },
        .member("batteryLevel") { $0.battery }, .member("reachable") { $0.isReachable })
}
