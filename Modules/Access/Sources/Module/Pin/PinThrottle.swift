import Application
import Kernel

/// A limit on failed attempts: a number within any minute, and a number within any quarter of an hour. A pure value; stored in the
/// database, including for locks that do not exist.
struct PinThrottle: Sendable, Equatable {
    /// What is counted, and the limits for it.
    struct Scope: Sendable, Equatable {
        enum Kind { case one, place, all }
        let name: String
        let perMinute: Int
        let perQuarter: Int
        var kind = Kind.one

        /// Wrong PINs at a lock.
        static func lock(_ lock: LockID) -> Scope { Scope(name: "lock \(lock)", perMinute: 5, perQuarter: 15) }
        /// Wrong PINs from one client address, at any lock.
        static func place(_ address: String) -> Scope { Scope(name: "place \(address)", perMinute: 30, perQuarter: 90, kind: .place) }
        /// Wrong PINs from everywhere. Beyond the limit, only addresses with recent failures have to wait: distributed guessing gets few
        /// attempts, and no guest who knows a PIN is locked out.
        static let everywhere = Scope(name: "everywhere", perMinute: 300, perQuarter: 1_500, kind: .all)
        /// Unknown links from one client address.
        static func links(_ address: String) -> Scope { Scope(name: "links \(address)", perMinute: 60, perQuarter: 300, kind: .place) }
    }

    let scope: Scope
    /// The times of the failures, oldest first; only those that still count.
    private(set) var failures: [Timestamp] = []
    /// Failures up to this time do not count for the minute.
    private(set) var forgivenAt = Timestamp(milliseconds: 0)
    private(set) var lockedUntil = Timestamp(milliseconds: 0)
    /// The revision of the stored row that was read.
    private(set) var revision: Int64 = 0

    static let minute = Duration.seconds(60), quarter = Duration.seconds(900)

    init(_ scope: Scope) { self.scope = scope }

    /// Returns how long to wait before the next attempt; nil if it may be made now. At most the longest window, even if the clock changed.
    func wait(at now: Timestamp) -> Duration? {
        if lockedUntil > now { return min(lockedUntil.since(now), Self.quarter) }
        let counted = failures.filter { $0 > forgivenAt && $0 + Self.minute > now && $0 <= now + Self.minute }
        guard counted.count >= scope.perMinute else { return nil }
        return (counted[counted.count - scope.perMinute] + Self.minute).since(now)
    }

    mutating func noteFailure(at now: Timestamp) {
        failures = failures.filter { $0 + Self.quarter > now } + [now]
        if failures.count >= scope.perQuarter { (lockedUntil, failures) = (now + Self.quarter, []) }
    }

    /// A success clears the last minute, but not the quarter of an hour.
    mutating func noteSuccess(at now: Timestamp) {
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
                lock_id BIGINT PRIMARY KEY, failures TEXT NOT NULL, forgiven_at BIGINT NOT NULL, locked_until BIGINT NOT NULL, \
            latest BIGINT NOT NULL)
            """,
            "CREATE INDEX pin_failures_by_time ON access.pin_failures (latest)",
        ])

    /// Adds optimistic concurrency: a writer must have read the latest row, so two processes count as one.
    static let scopes = Migration(
        "017-failures-by-scope",
        [
            "DROP TABLE access.pin_failures",
            """
            CREATE TABLE access.failures (
                scope TEXT PRIMARY KEY, failures TEXT NOT NULL, forgiven_at BIGINT NOT NULL, locked_until BIGINT NOT NULL, \
            latest BIGINT NOT NULL,
                revision BIGINT NOT NULL CONSTRAINT failures_in_order CHECK (revision >= 0))
            """,
            "CREATE INDEX failures_by_time ON access.failures (latest)",
        ])

    init(_ scope: Scope, _ row: Row?) throws(RowDecodingError) {
        self.init(scope)
        guard let row else { return }
        failures = (try row.read("failures", as: JSON.self).items ?? []).compactMap { $0.integer.map { Timestamp(milliseconds: $0) } }
        forgivenAt = try row.read("forgiven_at")
        lockedUntil = try row.read("locked_until")
        revision = try row.read("revision")
    }

    static func find(_ scope: Scope) -> SQL { "SELECT * FROM access.failures WHERE scope = \(scope.name)" }

    static func load(_ scopes: [Scope], _ services: Services) async throws -> [PinThrottle] {
        let rows = try await services.store.read(scopes.map(find))
        return try zip(scopes, rows).map { try PinThrottle($0, $1.first) }
    }

    /// Returns the longest wait of the throttles; nil if an attempt may be made now.
    static func wait(_ throttles: [PinThrottle], at now: Timestamp) -> Duration? {
        let wasWrong = throttles.contains { $0.scope.kind == .place && $0.isCounting(at: now) }
        return throttles.filter { $0.scope.kind != .all || wasWrong }.compactMap { $0.wait(at: now) }.max()
    }

    /// Whether an attempt failed within the longest window.
    private func isCounting(at now: Timestamp) -> Bool { lockedUntil > now || failures.contains { $0 + Self.quarter > now } }

    private static let mostAttempts = 20

    /// Counts a failed attempt in all scopes, also under concurrent writes. Returns the wait if other writers reached a limit first; the
    /// result of the attempt is then not revealed.
    static func noteFailure(in throttles: [PinThrottle], _ services: Services) async throws -> Duration? {
        var throttles = throttles
        for _ in 0..<mostAttempts {
            let now = services.clock()
            let counted = throttles.map { throttle in
                var throttle = throttle
                throttle.noteFailure(at: now)
                return throttle
            }
            do {
                _ = try await services.store.run(counted.map { $0.put(at: now) })
                // Only occasionally, and in a transaction of its own, because it touches the rows of other scopes.
                if now.milliseconds % 32 == 0 { _ = try? await services.store.run([forget(before: now)]) }
                return nil
            } catch CommitFailure.violated {
                throttles = try await load(throttles.map(\.scope), services)
                if let wait = wait(throttles, at: services.clock()) { return wait }
            }
        }
        return .seconds(1)
    }

    /// Deletes counters idle for twice the longest window, including those of unknown locks.
    static func forget(before now: Timestamp) -> SQL { "DELETE FROM access.failures WHERE latest < \(now - quarter * 2)" }

    func put(at now: Timestamp) -> SQL {
        """
        INSERT INTO access.failures AS known (scope, failures, forgiven_at, locked_until, latest, revision)
        VALUES (\(scope.name), \(JSON.array(failures.map { .int($0.milliseconds) })), \(forgivenAt), \(lockedUntil), \(now), \
        \(revision + 1))
        ON CONFLICT (scope) DO UPDATE SET failures = EXCLUDED.failures, forgiven_at = EXCLUDED.forgiven_at, \
        locked_until = EXCLUDED.locked_until,
            latest = EXCLUDED.latest, revision = CASE WHEN known.revision = \(revision) THEN EXCLUDED.revision ELSE -1 END
        """
    }
}
