/// The time zones of the world (IANA Time Zone Database).
public struct TimeZones: Sendable {
    /// Seconds east of UTC in a zone at a moment; nil for a name that is no zone.
    public let offset: @Sendable (_ zone: String, _ at: Timestamp) -> Int?
    /// When a zone next changes its offset after a moment; nil when it does not.
    public let nextShift: @Sendable (_ zone: String, _ after: Timestamp) -> Timestamp?

    public init(offset: @escaping @Sendable (String, Timestamp) -> Int?, nextShift: @escaping @Sendable (String, Timestamp) -> Timestamp?) {
        (self.offset, self.nextShift) = (offset, nextShift)
    }

    /// Knows UTC and nothing else.
    public static let utc = TimeZones(offset: { zone, _ in zone == "UTC" ? 0 : nil }, nextShift: { _, _ in nil })
}
