import Foundation
import Kernel

extension TimeZones {
    /// The zones in the system's data.
    static let world = TimeZones(
        offset: { name, moment in zone(name)?.secondsFromGMT(for: date(moment)) },
        nextShift: { name, moment in
            zone(name)?.nextDaylightSavingTimeTransition(after: date(moment)).map {
                Timestamp(milliseconds: Int64($0.timeIntervalSince1970) * 1000)
            }
        })

    /// Returns the zone of any name in the IANA database, including links; offsets such as `+03:00` are not zones.
    private static func zone(_ name: String) -> TimeZone? {
        guard name.utf8.count <= 64, known.contains(ExactText(name)) else { return nil }
        return TimeZone(identifier: name)
    }

    /// The names in the system's copy of the database (`Z name …` and `L target name`); Foundation's names when there is no copy.
    private static let known: Set<ExactText> = {
        guard let text = try? String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8) else {
            return Set((TimeZone.knownTimeZoneIdentifiers + ["UTC"]).map(ExactText.init))
        }
        let names = text.split(separator: "\n").compactMap { line -> ExactText? in
            let fields = line.split(separator: " ")
            guard let kind = fields.first, kind == "Z" || kind == "L", fields.count > 2 else { return nil }
            return ExactText(String(fields[kind == "Z" ? 1 : 2]))
        }
        return Set(names)
    }()

    private static func date(_ moment: Timestamp) -> Date { Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000) }
}
