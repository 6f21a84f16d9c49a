/// The time zones of the world (IANA Time Zone Database).
public struct TimeZones: Sendable {
    /// Returns the seconds east of UTC in a zone at a moment; nil for a name that is not a zone.
    public let offset: @Sendable (_ zone: String, _ at: Timestamp) -> Int?
    /// Returns when a zone next changes its offset after a moment; nil when it never does.
    public let nextShift: @Sendable (_ zone: String, _ after: Timestamp) -> Timestamp?

    public init(offset: @escaping @Sendable (String, Timestamp) -> Int?, nextShift: @escaping @Sendable (String, Timestamp) -> Timestamp?) {
        (self.offset, self.nextShift) = (offset, nextShift)
    }

    /// Knows UTC only.
    public static let utc = TimeZones(offset: { zone, _ in zone == "UTC" ? 0 : nil }, nextShift: { _, _ in nil })
}
