import Kernel

/// How many wrong PINs a lock takes: five within any minute, fifteen within any quarter of an hour. Kept in the database, for unknown locks
/// too. A pure value.
struct PinThrottle: Sendable, Equatable {
    /// When wrong PINs were typed, the oldest first; no more than count.
    private(set) var failures: [Moment] = []
    /// The minute counts from here on.
    private(set) var forgivenAt = Moment(milliseconds: 0)
    private(set) var lockedUntil = Moment(milliseconds: 0)

    static let minute = Duration.seconds(60), quarter = Duration.seconds(900)
    static let perMinute = 5, perQuarter = 15

    /// How long to wait before the next try; nil when one may be made now.
    func wait(at now: Moment) -> Duration? {
        if lockedUntil > now { return lockedUntil.since(now) }
        let counted = failures.filter { $0 > forgivenAt && $0 + Self.minute > now }
        guard counted.count >= Self.perMinute else { return nil }
        return (counted[counted.count - Self.perMinute] + Self.minute).since(now)
    }

    mutating func noteFailure(at now: Moment) {
        failures = failures.filter { $0 + Self.quarter > now } + [now]
        if failures.count >= Self.perQuarter { (lockedUntil, failures) = (now + Self.quarter, []) }
    }

    /// A success forgives the last minute, not the quarter of an hour.
    mutating func noteSuccess(at now: Moment) {
        if failures.contains(where: { $0 > forgivenAt }) { forgivenAt = now }
    }
}

extension PinThrottle {
    static let migration = Migration(
        "011-pin-failures",
        [
            "DROP TABLE access.pin_attempts",
            """
            CREATE TABLE access.pin_failures (
                lock_id BIGINT PRIMARY KEY, failures TEXT NOT NULL, forgiven_at BIGINT NOT NULL, locked_until BIGINT NOT NULL, latest BIGINT NOT NULL)
            """,
            "CREATE INDEX pin_failures_by_time ON access.pin_failures (latest)",
        ])

    init(_ row: Row?) {
        failures = (row?.json("failures")?.items ?? []).compactMap { $0.integer.map { Moment(milliseconds: $0) } }
        (forgivenAt, lockedUntil) = (row?.moment("forgiven_at") ?? forgivenAt, row?.moment("locked_until") ?? lockedUntil)
    }

    static func find(_ lock: LockID) -> SQL { "SELECT * FROM access.pin_failures WHERE lock_id = \(lock.number)" }

    /// Lets go of locks, and of numbers that are none, where nothing wrong was typed for twice the longest span.
    static func forget(before now: Moment) -> SQL { "DELETE FROM access.pin_failures WHERE latest < \(now - quarter * 2)" }

    func put(_ lock: LockID, at now: Moment) -> SQL {
        """
        INSERT INTO access.pin_failures (lock_id, failures, forgiven_at, locked_until, latest)
        VALUES (\(lock.number), \(JSON.array(failures.map { .int($0.milliseconds) })), \(forgivenAt), \(lockedUntil), \(now))
        ON CONFLICT (lock_id) DO UPDATE SET failures = EXCLUDED.failures, forgiven_at = EXCLUDED.forgiven_at,
            locked_until = EXCLUDED.locked_until, latest = EXCLUDED.latest
        """
    }
}
