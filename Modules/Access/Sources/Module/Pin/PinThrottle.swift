import Kernel

/// How many wrong PINs a lock takes: five within a minute, fifteen within a quarter of an hour. Kept in the database, for unknown locks too.
/// A pure value.
struct PinThrottle: Sendable, Equatable {
    var minuteBegan = Moment(milliseconds: 0)
    var minuteFailures = 0
    var quarterBegan = Moment(milliseconds: 0)
    var quarterFailures = 0
    var lockedUntil = Moment(milliseconds: 0)

    static let minute = Duration.seconds(60), quarter = Duration.seconds(900)
    static let perMinute = 5, perQuarter = 15

    /// How long to wait before the next try; nil when one may be made now.
    func wait(at now: Moment) -> Duration? {
        if lockedUntil > now { return lockedUntil.since(now) }
        guard minuteFailures >= Self.perMinute, now < minuteBegan + Self.minute else { return nil }
        return (minuteBegan + Self.minute).since(now)
    }

    mutating func noteFailure(at now: Moment) {
        if now >= minuteBegan + Self.minute { (minuteBegan, minuteFailures) = (now, 0) }
        if now >= quarterBegan + Self.quarter { (quarterBegan, quarterFailures) = (now, 0) }
        minuteFailures += 1
        quarterFailures += 1
        if quarterFailures >= Self.perQuarter { (lockedUntil, quarterFailures) = (now + Self.quarter, 0) }
    }

    /// A success forgives the last minute, not the quarter of an hour.
    mutating func noteSuccess() { minuteFailures = 0 }
}

extension PinThrottle {
    init(_ row: Row?) {
        func moment(_ name: String) -> Moment { row?.moment(name) ?? Moment(milliseconds: 0) }
        self.init(
            minuteBegan: moment("minute_began"), minuteFailures: Int(row?.int("minute_failures") ?? 0), quarterBegan: moment("quarter_began"),
            quarterFailures: Int(row?.int("quarter_failures") ?? 0), lockedUntil: moment("locked_until"))
    }

    static func find(_ lock: LockID) -> SQL { "SELECT * FROM access.pin_attempts WHERE lock_id = \(lock.number)" }

    /// Lets go of locks, and of numbers that are none, where nothing wrong was typed for twice the longest span.
    static func forget(before now: Moment) -> SQL {
        let then = now - quarter * 2
        return "DELETE FROM access.pin_attempts WHERE quarter_began < \(then) AND minute_began < \(then) AND locked_until < \(now)"
    }

    func put(_ lock: LockID) -> SQL {
        """
        INSERT INTO access.pin_attempts (lock_id, minute_began, minute_failures, quarter_began, quarter_failures, locked_until)
        VALUES (\(lock.number), \(minuteBegan), \(minuteFailures), \(quarterBegan), \(quarterFailures), \(lockedUntil))
        ON CONFLICT (lock_id) DO UPDATE SET minute_began = EXCLUDED.minute_began, minute_failures = EXCLUDED.minute_failures,
            quarter_began = EXCLUDED.quarter_began, quarter_failures = EXCLUDED.quarter_failures, locked_until = EXCLUDED.locked_until
        """
    }
}
