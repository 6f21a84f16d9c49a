/// The time zones of the world (IANA Time Zone Database).
public struct Zones: Sendable {
    /// Seconds east of UTC in a zone at a moment; nil for a name that is no zone.
    public let offset: @Sendable (_ zone: String, _ at: Moment) -> Int?
    /// When a zone next changes its offset after a moment; nil when it does not.
    public let nextShift: @Sendable (_ zone: String, _ after: Moment) -> Moment?

    public init(offset: @escaping @Sendable (String, Moment) -> Int?, nextShift: @escaping @Sendable (String, Moment) -> Moment?) {
        (self.offset, self.nextShift) = (offset, nextShift)
    }

    /// Knows UTC and nothing else.
    public static let utc = Zones(offset: { zone, _ in zone == "UTC" ? 0 : nil }, nextShift: { _, _ in nil })
}
