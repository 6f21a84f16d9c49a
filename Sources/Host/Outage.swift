import Database
import Kernel
import Logging

/// Tracks whether a vital dependency is available: logs one line when it is lost and one when it is back.
struct Outage: Sendable {
    let name: String
    private var lostAt: ContinuousClock.Instant?

    init(_ name: String) { self.name = name }

    /// Returns whether a failure only means that the database is unavailable.
    static func isKnown(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError: error.isPassing
        case RequestError.unavailable, RequestError.outcomeUnknown: true
        default: false
        }
    }

    mutating func note(isThere: Bool, at now: ContinuousClock.Instant = .now, _ log: Logger) {
        switch (lostAt, isThere) {
        case (nil, false):
            lostAt = now
            log.error("Lost: \(name)")
        case (let lost?, true):
            lostAt = nil
            log.notice("Back: \(name)", metadata: ["after": "\(Int(lost.duration(to: now).inSeconds)) s"])
        default: break
        }
    }
}
