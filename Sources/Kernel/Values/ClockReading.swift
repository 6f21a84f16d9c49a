/// How long a machine has been up: a clock that nobody sets, and that goes on while processes end and begin.
public struct Uptime: Sendable, Equatable {
    /// Names the start of the machine; readings of different starts say nothing of each other. Empty where it is not known.
    public let boot: String
    public let milliseconds: Int64
    public init(boot: String, milliseconds: Int64) { (self.boot, self.milliseconds) = (boot, milliseconds) }
    public static let unknown = Uptime(boot: "", milliseconds: 0)
}

/// What the clocks show: the wall clock, which may be put forward or back at any time, and the uptime, which is not.
public struct ClockReading: Sendable, Equatable {
    public let moment: Timestamp
    public let uptime: Uptime
    public init(_ moment: Timestamp, uptime: Uptime = .unknown) { (self.moment, self.uptime) = (moment, uptime) }
}

/// A lifetime that no setting of a clock prolongs: it is over when any of the clocks says so.
public struct Lifetime: Sendable, Equatable {
    public let from: Timestamp
    /// The first moment at which it is over.
    public let until: Timestamp
    /// When it began by the machine's uptime.
    public let uptime: Uptime

    /// How far a clock that is kept in step may jump back.
    public static let tolerance = Duration.seconds(1)

    public init(from: Timestamp, until: Timestamp, uptime: Uptime = .unknown) {
        self.from = from
        self.until = until
        self.uptime = uptime
    }

    /// What is left of it; zero when it is over, and never more than its whole length.
    public func left(at now: ClockReading) -> Duration {
        // A clock that shows a time before the beginning was put back: nothing is known of how much has passed, so all of it has.
        guard now.moment >= from - Self.tolerance else { return .zero }
        var left = min(until.since(now.moment), until.since(from))
        if !uptime.boot.isEmpty, uptime.boot == now.uptime.boot {
            left = min(left, until.since(from) - .milliseconds(now.uptime.milliseconds - uptime.milliseconds))
        }
        return max(left, .zero)
    }
}
