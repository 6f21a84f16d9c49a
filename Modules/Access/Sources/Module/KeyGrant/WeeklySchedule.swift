import Kernel

/// Hours of the week in a place's local time. A span whose end is not after its start continues into the next day.
struct WeeklySchedule: Sendable, Equatable, Codable {
    enum Day: String, Codable, Sendable, CaseIterable { case monday, tuesday, wednesday, thursday, friday, saturday, sunday }

    /// A name from the IANA Time Zone Database.
    let timeZone: String
    let days: [Day]
    /// Minutes after midnight, 0 to 1439.
    let from: Int
    /// Minutes after midnight, 1 to 1440.
    let to: Int

    private static let day = 1440

    /// Returns whether the zone's local time is within the hours. Times skipped in spring never occur; those repeated in autumn occur
    /// twice.
    func isActive(at now: Timestamp, _ zones: TimeZones) -> Bool {
        guard let offset = zones.offset(timeZone, now) else { return false }
        let (date, minute) = Self.local(now, offset)
        if from < to { return falls(on: date) && (from..<to).contains(minute) }
        return falls(on: date) && minute >= from || falls(on: date - 1) && minute < to
    }

    /// Returns the first moment after `now` at which `isActive` changes: at a limit of the schedule, or when the clock shifts over one.
    func nextChange(after now: Timestamp, _ zones: TimeZones) -> Timestamp? {
        guard let offset = zones.offset(timeZone, now) else { return nil }
        let shift = zones.nextShift(timeZone, now), later = shift.flatMap { zones.offset(timeZone, $0) } ?? offset
        let (today, _) = Self.local(now, offset), isActive = isActive(at: now, zones)
        let hours = (today - 1...today + 8).flatMap { date in
            [from, to].flatMap { minute in
                Set([offset, later]).map { Timestamp(milliseconds: Int64((date * Self.day + minute) * 60 - $0) * 1000) }
            }
        }
        return (hours + (shift.map { [$0] } ?? [])).filter { $0 > now }.sorted().first { self.isActive(at: $0, zones) != isActive }
    }

    private func falls(on date: Int) -> Bool {
        days.contains(Day.allCases[((date + 3) % 7 + 7) % 7])  // 1970-01-01 was a Thursday
    }

    /// Returns the days since 1970-01-01 and the minutes after midnight in local time.
    private static func local(_ now: Timestamp, _ offset: Int) -> (date: Int, minute: Int) {
        let seconds = Int(now.seconds) + offset, date = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        return (date, (seconds - date * 86_400) / 60)
    }
}

// MARK: - On the wire

extension WeeklySchedule: WireValue {
    static let schema = Schema.object([
        "timeZone": .string, "days": .list(of: .oneOf(Day.allCases.map(\.rawValue))).limited(min: 1, max: 7), "from": .string,
        "to": .string,
    ])
    var json: JSON {
        [
            "timeZone": .string(timeZone), "days": .array(days.map { .string($0.rawValue) }), "from": .string(Self.text(from)),
            "to": .string(Self.text(to)),
        ]
    }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> WeeklySchedule? {
        guard let raw else { return reading.note(path, "is missing") }
        guard raw.members != nil else { return reading.note(path, "must be an object") }
        let zone = NonEmptyString.read(raw["timeZone"], at: "\(path).timeZone", &reading)
        let days = days(raw["days"], at: "\(path).days", &reading)
        let from = minute(raw["from"], max: day - 1, at: "\(path).from", &reading),
            to = minute(raw["to"], max: day, at: "\(path).to", &reading)
        guard let zone, let days, let from, let to else { return nil }
        guard to > 0 else { return reading.note("\(path).to", "must be after 00:00; write 24:00 for the end of the day") }
        return WeeklySchedule(timeZone: zone.text, days: days, from: from, to: to)
    }

    private static func days(_ raw: JSON?, at path: String, _ reading: inout Reading) -> [Day]? {
        let days = raw?.items?.compactMap { $0.text.flatMap(Day.init(rawValue:)) } ?? []
        guard !days.isEmpty, days.count == raw?.items?.count, Set(days).count == days.count else {
            return reading.note(path, "must be a list of different days, monday to sunday")
        }
        return days
    }

    /// Reads `HH:MM`, 00:00 to 23:59, or 24:00 where the end of the day is allowed.
    private static func minute(_ raw: JSON?, max: Int, at path: String, _ reading: inout Reading) -> Int? {
        let bytes = Array((raw?.text ?? "").utf8), digits = bytes.map { Int($0) - 48 }
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), [0, 1, 3, 4].allSatisfy({ (0...9).contains(digits[$0]) }) else {
            return reading.note(path, "must be HH:MM")
        }
        let minute = (digits[0] * 10 + digits[1]) * 60 + digits[3] * 10 + digits[4]
        guard digits[3] < 6, minute <= max else { return reading.note(path, "must be at most \(text(max))") }
        return minute
    }

    private static func text(_ minute: Int) -> String {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
