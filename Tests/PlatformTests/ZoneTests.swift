import Foundation
import Kernel
import Testing

@testable import Host

@Suite struct ZoneTests {
    @Test(arguments: [
        ("Europe/Athens", "2026-03-29T00:59:59Z", 7_200), ("Europe/Athens", "2026-03-29T01:00:00Z", 10_800),
        ("Europe/Athens", "2026-10-25T01:00:00Z", 7_200),
        ("Asia/Kathmandu", "2026-06-01T00:00:00Z", 20_700), ("UTC", "2026-06-01T00:00:00Z", 0),
    ])
    func `a zone knows its offset`(zone: String, time: String, offset: Int) throws {
        #expect(TimeZones.world.offset(zone, try #require(Timestamp(iso: time))) == offset)
    }

    @Test func `a zone knows when its clock is put forward and back`() throws {
        let winter = try #require(Timestamp(iso: "2026-01-01T00:00Z")),
            spring = try #require(TimeZones.world.nextShift("Europe/Athens", winter))
        #expect(
            spring == Timestamp(iso: "2026-03-29T01:00Z")
                && TimeZones.world.nextShift("Europe/Athens", spring) == Timestamp(iso: "2026-10-25T01:00Z")
        )
        #expect(TimeZones.world.nextShift("UTC", winter) == nil)
    }

    @Test(arguments: ["Europe/Atlantis", "GMT+3", "+03:00", "", "../etc/passwd", "europe/athens", "localtime"])
    func `other names are no zones`(name: String) {
        #expect(TimeZones.world.offset(name, Timestamp(milliseconds: 0)) == nil)
    }

    @Test func `every name of the database is a zone`() throws {
        let data = try String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8)
        let names = data.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }.compactMap { fields in
            fields.count > 2 && fields[0] == "Z" ? fields[1] : fields.count > 2 && fields[0] == "L" ? fields[2] : nil
        }
        #expect(names.count > 500 && names.contains("Asia/Kolkata") && names.contains("Etc/UTC"))
        for name in names { #expect(TimeZones.world.offset(name, Timestamp(milliseconds: 1_782_000_000_000)) != nil, "\(name)") }
    }
}
