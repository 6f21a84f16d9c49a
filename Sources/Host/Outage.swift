import Database
import Kernel
import Logging

/// Whether the parts that everything rests on are there: one line when one is lost, one when it is back.
struct Outage: Sendable {
    let name: String
    private var lostAt: ContinuousClock.Instant?

    init(_ name: String) { self.name = name }

    /// Failures that mean no more than that the database is away.
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
