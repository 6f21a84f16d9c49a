import Kernel

/// The period in which a key is active: a span, and optionally certain hours within it. Without limits it is always active.
struct Validity: Sendable, Equatable, Codable {
    var from: Timestamp?
    /// The first moment at which the key is no longer active.
    var until: Timestamp?
    var schedule: WeeklySchedule?

    static let always = Validity()
    var isAlways: Bool { self == .always }

    func isActive(at now: Timestamp, _ zones: TimeZones) -> Bool {
        (from.map { $0 <= now } ?? true) && !isOver(at: now) && (schedule?.isActive(at: now, zones) ?? true)
    }

    func isOver(at now: Timestamp) -> Bool { until.map { $0 <= now } ?? false }

    /// Returns the first moment after `now` at which `isActive` changes; nil if it never does.
    func nextChange(after now: Timestamp, _ zones: TimeZones) -> Timestamp? {
        if isOver(at: now) { return nil }
        if let from, now < from {
            let begins = schedule.map { $0.isActive(at: from, zones) ? from : $0.nextChange(after: from, zones) } ?? from
            return begins.flatMap { isOver(at: $0) ? nil : $0 }
        }
        let change = schedule?.nextChange(after: now, zones)
        guard let until, change.map({ until <= $0 }) ?? true else { return change }
        return isActive(at: now, zones) ? until : nil
    }
}
