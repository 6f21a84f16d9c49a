/// An instant, in whole milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(from decoder: any Decoder) throws { milliseconds = try decoder.singleValueContainer().decode(Int64.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
    public static func + (moment: Timestamp, span: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds + span.milliseconds)
    }
    public static func - (moment: Timestamp, span: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds - span.milliseconds)
    }
    /// Returns the time from `other` to this moment; negative when this moment is earlier.
    public func since(_ other: Timestamp) -> Duration { .milliseconds(milliseconds - other.milliseconds) }
    public var seconds: Int64 { milliseconds / 1000 }
}

extension Duration {
    /// The span in whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
    /// The span in seconds.
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 in UTC with milliseconds: `2026-08-20T09:30:00.000Z`.
    public var iso: String {
        let days = milliseconds.flooredQuotient(86_400_000), time = milliseconds - days * 86_400_000
        let (year, month, day) = Timestamp.civil(fromDays: days)
        let hour = time / 3_600_000, minute = time / 60_000 % 60, second = time / 1000 % 60
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(hour, 2) + ":" + pad(minute, 2) + ":"
            + pad(second, 2) + "." + pad(time % 1000, 3) + "Z"
    }

    public var description: String { iso }

    private func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
    }

    /// Parses ISO 8601 in UTC: `YYYY-MM-DDTHH:MM[:SS[.fraction]]` followed by `Z`, `+00:00` or `-00:00` (RFC 3339 §4.2, §4.3). Nil for
    /// other offsets, impossible dates and everything else.
    public init?(iso text: String) {
        var bytes = Array(text.utf8)
        if let offset = ["+00:00", "-00:00"].first(where: { bytes.suffix(6).elementsEqual($0.utf8) }) {
            bytes.replaceSubrange((bytes.count - offset.utf8.count)..., with: [UInt8(ascii: "Z")])
        }
        guard bytes.count >= 17, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            let year = Timestamp.digits(bytes[0..<4]), let month = Timestamp.digits(bytes[5..<7]),
            let day = Timestamp.digits(bytes[8..<10]),
            let hour = Timestamp.digits(bytes[11..<13]), let minute = Timestamp.digits(bytes[14..<16]),
            let milliseconds = Timestamp.seconds(bytes[16..<(bytes.count - 1)]),
            (1...12).contains(month), hour < 24, minute < 60
        else { return nil }
        let days = Timestamp.days(fromYear: year, month: month, day: day)
        guard Timestamp.civil(fromDays: days) == (year, month, day) else { return nil }
        self.init(milliseconds: days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + milliseconds)
    }

    /// Parses `:SS`, `:SS.fff` or nothing; returns milliseconds.
    private static func seconds(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard let first = bytes.first else { return 0 }
        guard first == UInt8(ascii: ":"), bytes.count >= 3 else { return nil }
        let start = bytes.startIndex
        guard let whole = digits(bytes[(start + 1)..<(start + 3)]), whole < 60 else { return nil }
        let rest = bytes[(start + 3)...]
        guard let point = rest.first else { return whole * 1000 }
        guard point == UInt8(ascii: "."), (2...10).contains(rest.count), digits(rest.dropFirst()) != nil else { return nil }
        let thousandths = Array(rest.dropFirst().prefix(3)) + Array(repeating: UInt8(ascii: "0"), count: 3)
        return digits(thousandths[0..<3]).map { whole * 1000 + $0 }
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var number: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// Returns the days since 1970-01-01 of a date in the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year.flooredQuotient(400), yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468, era = shifted.flooredQuotient(146_097), dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100), part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 { self >= 0 ? self / divisor : (self - divisor + 1) / divisor }
}
