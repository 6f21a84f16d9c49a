import Kernel
import KernelTesting
import Testing

@testable import Access

extension TimeZones {
    /// Athens in 2026: the clock goes from 03:00 to 04:00 on 29 March and from 04:00 to 03:00 on 25 October.
    static let athens = TimeZones(
        offset: { zone, moment in zone == "Europe/Athens" ? (spring <= moment && moment < autumn ? 10_800 : 7_200) : nil },
        nextShift: { _, moment in moment < spring ? spring : moment < autumn ? autumn : nil })
    private static let spring = Timestamp(iso: "2026-03-29T01:00Z")!, autumn = Timestamp(iso: "2026-10-25T01:00Z")!
}

@Suite struct ValidityTests {
    func at(_ text: String) -> Timestamp { Timestamp(iso: text)! }
    func schedule(_ days: [WeeklySchedule.Day], _ from: Int, _ to: Int) -> WeeklySchedule {
        WeeklySchedule(timeZone: "Europe/Athens", days: days, from: from, to: to)
    }

    @Test(arguments: [
        ("2026-06-01T06:00Z", true), ("2026-06-01T05:59Z", false), ("2026-06-01T13:59Z", true), ("2026-06-01T14:00Z", false),
        ("2026-06-02T08:00Z", false),
        ("2026-01-05T07:00Z", true), ("2026-01-05T06:59Z", false),
    ])
    func `hours are those of the place`(time: String, isActive: Bool) {
        #expect(schedule([.monday], 9 * 60, 17 * 60).isActive(at: at(time), .athens) == isActive)
    }

    @Test(arguments: [
        ("2026-06-05T18:59Z", false), ("2026-06-05T19:00Z", true), ("2026-06-06T02:59Z", true), ("2026-06-06T03:00Z", false),
        ("2026-06-06T20:00Z", false),
    ])
    func `a night belongs to the day on which it begins`(time: String, isActive: Bool) {
        #expect(schedule([.friday], 22 * 60, 6 * 60).isActive(at: at(time), .athens) == isActive)
    }

    @Test func `a whole day runs from midnight to midnight`() {
        let sunday = schedule([.sunday], 0, 1440)
        #expect(sunday.isActive(at: at("2026-06-06T21:00Z"), .athens) && sunday.isActive(at: at("2026-06-07T20:59Z"), .athens))
        #expect(!sunday.isActive(at: at("2026-06-07T21:00Z"), .athens))
        #expect(sunday.nextChange(after: at("2026-06-01T00:00Z"), .athens) == at("2026-06-06T21:00Z"))
    }

    /// Every change that a walk through the minutes finds, in a week around a shift of the clock.
    @Test(arguments: [
        ("2026-03-26T00:00Z", 3 * 60 + 30, 4 * 60 + 30), ("2026-10-22T00:00Z", 3 * 60 + 15, 3 * 60 + 45),
        ("2026-10-22T00:00Z", 23 * 60, 3 * 60 + 30),
    ])
    func `no change is missed when the clock is put forward or back`(start: String, from: Int, to: Int) {
        let hours = schedule(WeeklySchedule.Day.allCases, from, to), end = at(start) + .seconds(7 * 86_400)
        var walked: [Timestamp] = [], found: [Timestamp] = [], minute = at(start)
        while minute < end {
            let next = minute + .seconds(60)
            if hours.isActive(at: next, .athens) != hours.isActive(at: minute, .athens) { walked.append(next) }
            minute = next
        }
        var moment: Timestamp? = at(start)
        while let now = moment, now < end {
            moment = hours.nextChange(after: now, .athens)
            if let moment, moment <= end { found.append(moment) }
        }
        #expect(found == walked && !walked.isEmpty)
    }

    @Test func `a schedule in no zone never counts`() {
        let lost = WeeklySchedule(timeZone: "Europe/Atlantis", days: [.monday], from: 0, to: 1440)
        #expect(!lost.isActive(at: at("2026-06-01T12:00Z"), .athens) && lost.nextChange(after: at("2026-06-01T12:00Z"), .athens) == nil)
    }

    @Test func `a span begins at its first moment and is over at its last`() {
        let span = Validity(from: at("2026-06-01T10:00Z"), until: at("2026-06-01T12:00Z"))
        #expect(!span.isActive(at: at("2026-06-01T09:59:59.999Z"), .athens) && span.isActive(at: at("2026-06-01T10:00Z"), .athens))
        #expect(span.isActive(at: at("2026-06-01T11:59:59.999Z"), .athens) && !span.isActive(at: at("2026-06-01T12:00Z"), .athens))
        #expect(span.nextChange(after: at("2026-06-01T00:00Z"), .athens) == at("2026-06-01T10:00Z"))
        #expect(span.nextChange(after: at("2026-06-01T10:00Z"), .athens) == at("2026-06-01T12:00Z"))
        #expect(span.nextChange(after: at("2026-06-01T12:00Z"), .athens) == nil)
        #expect(
            Validity.always.isActive(at: at("2026-06-01T12:00Z"), .athens)
                && Validity.always.nextChange(after: at("2026-06-01T12:00Z"), .athens) == nil)
    }

    @Test func `hours count within their span only`() {
        let both = Validity(
            from: at("2026-06-01T10:00Z"), until: at("2026-06-03T07:00Z"), schedule: schedule([.monday, .wednesday], 9 * 60, 17 * 60))
        #expect(both.nextChange(after: at("2026-05-01T00:00Z"), .athens) == at("2026-06-01T10:00Z"))  // in the middle of Monday's hours
        #expect(both.nextChange(after: at("2026-06-01T10:00Z"), .athens) == at("2026-06-01T14:00Z"))
        #expect(both.nextChange(after: at("2026-06-01T14:00Z"), .athens) == at("2026-06-03T06:00Z"))
        #expect(both.nextChange(after: at("2026-06-03T06:00Z"), .athens) == at("2026-06-03T07:00Z"))
        #expect(both.nextChange(after: at("2026-06-03T07:00Z"), .athens) == nil)
        let never = Validity(from: at("2026-06-02T10:00Z"), until: at("2026-06-02T12:00Z"), schedule: schedule([.monday], 9 * 60, 17 * 60))
        #expect(never.nextChange(after: at("2026-06-01T20:00Z"), .athens) == nil)
        let until = Validity(until: at("2026-06-01T20:00Z"), schedule: schedule([.tuesday], 9 * 60, 17 * 60))
        #expect(until.nextChange(after: at("2026-06-01T10:00Z"), .athens) == nil)
    }

    @Test func `a schedule is read with all its problems`() {
        var reading = Reading()
        let good: JSON = ["timeZone": "Europe/Athens", "days": ["monday", "friday"], "from": "22:00", "to": "24:00"]
        #expect(WeeklySchedule.read(good, at: "schedule", &reading)?.json == good && reading.problems.isEmpty)
        let bad: JSON = ["timeZone": "", "days": ["monday", "monday"], "from": "24:00", "to": "9:00"]
        #expect(WeeklySchedule.read(bad, at: "schedule", &reading) == nil)
        #expect(Set(reading.problems.map(\.field)) == ["schedule.timeZone", "schedule.days", "schedule.from", "schedule.to"])
        for (field, value) in [
            ("days", []), ("days", ["MON"]), ("days", "monday"), ("from", "08:60"), ("from", "08-00"), ("to", "00:00"), ("to", "24:01"),
        ]
            as [(String, JSON)]
        {
            var reading = Reading(), members = good.members ?? [:]
            members[field] = value
            #expect(
                WeeklySchedule.read(.object(members), at: "s", &reading) == nil && reading.problems.map(\.field) == ["s.\(field)"],
                "\(field) \(value)")
        }
        #expect(WeeklySchedule.read(nil, at: "s", &reading) == nil && WeeklySchedule.read("x", at: "s", &reading) == nil)
    }
}
