/// The machine's uptime: a clock that cannot be set and that continues across process restarts.
public struct Uptime: Sendable, Equatable {
    /// Identifies the machine's boot; readings of different boots cannot be compared. Empty when unknown.
    public let boot: String
    public let milliseconds: Int64
    public init(boot: String, milliseconds: Int64) { (self.boot, self.milliseconds) = (boot, milliseconds) }
    public static let unknown = Uptime(boot: "", milliseconds: 0)
}

/// A reading of the clocks: the wall clock, which may be set forward or back at any time, and the uptime, which cannot.
public struct ClockReading: Sendable, Equatable {
    public let moment: Timestamp
    public let uptime: Uptime
    public init(_ moment: Timestamp, uptime: Uptime = .unknown) { (self.moment, self.uptime) = (moment, uptime) }
}

/// A lifetime that setting a clock cannot prolong: it is over when any of the clocks says so.
public struct Lifetime: Sendable, Equatable {
    public let from: Timestamp
    /// The first moment at which it is over.
    public let until: Timestamp
    /// The machine's uptime when it began.
    public let uptime: Uptime

    /// How far a synchronised clock may jump back.
    public static let tolerance = Duration.seconds(1)

    public init(from: Timestamp, until: Timestamp, uptime: Uptime = .unknown) {
        self.from = from
        self.until = until
        self.uptime = uptime
    }

    /// Returns the remaining time; zero when it is over, and never more than its whole length.
    public func left(at now: ClockReading) -> Duration {
        // A clock that shows a time before the beginning was set back. How much time has passed is unknown, so the lifetime is over.
        guard now.moment >= from - Self.tolerance else { return .zero }
        var left = min(until.since(now.moment), until.since(from))
        if !uptime.boot.isEmpty, uptime.boot == now.uptime.boot {
            left = min(left, until.since(from) - .milliseconds(now.uptime.milliseconds - uptime.milliseconds))
        }
        return max(left, .zero)
    }
}
