import Foundation
import Kernel

extension Zones {
    /// The zones as the system's data has them.
    static let world = Zones(
        offset: { name, moment in zone(name)?.secondsFromGMT(for: date(moment)) },
        nextShift: { name, moment in
            zone(name)?.nextDaylightSavingTimeTransition(after: date(moment)).map { Moment(milliseconds: Int64($0.timeIntervalSince1970) * 1000) }
        })

    /// Names of places and `UTC`; abbreviations such as `EST` and offsets are no zones.
    private static func zone(_ name: String) -> TimeZone? {
        guard name == "UTC" || name.contains("/"), name.utf8.count <= 64, known.contains(name) else { return nil }
        return TimeZone(identifier: name)
    }

    private static let known = Set(TimeZone.knownTimeZoneIdentifiers + ["UTC"])
    private static func date(_ moment: Moment) -> Date { Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000) }
}
