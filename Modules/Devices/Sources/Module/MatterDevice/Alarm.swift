import Kernel

/// An alarm of a sensor: one channel at one attribute path.
struct Alarm: Sendable, Equatable, Codable {
    enum Channel: String, Codable, Sendable, CaseIterable, WireValue {
        case booleanState = "boolean_state", smoke, smokeInterconnect = "smoke_interconnect"
    }
    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case contact, waterLeak = "water_leak", smoke }
    enum Severity: String, Codable, Sendable, CaseIterable, WireValue, Comparable {
        case warning, critical
        static func < (a: Severity, b: Severity) -> Bool { a == .warning && b == .critical }
    }

    let channel: Channel
    let path: NonEmptyString
    let kind: Kind
    let severity: Severity
    let deviceType: Int?
    let value: Double?
    /// As the sensor's report states it; otherwise the time of the report.
    let time: String

    func isAbout(_ other: Alarm) -> Bool { channel == other.channel && path == other.path }
}
