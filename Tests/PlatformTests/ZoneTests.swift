import Kernel
import Testing

@testable import Host

@Suite struct ZoneTests {
    @Test(arguments: [
        ("Europe/Athens", "2026-03-29T00:59:59Z", 7_200), ("Europe/Athens", "2026-03-29T01:00:00Z", 10_800), ("Europe/Athens", "2026-10-25T01:00:00Z", 7_200),
        ("Asia/Kathmandu", "2026-06-01T00:00:00Z", 20_700), ("UTC", "2026-06-01T00:00:00Z", 0),
    ])
    func `a zone knows its offset`(zone: String, time: String, offset: Int) throws {
        #expect(Zones.world.offset(zone, try #require(Moment(iso: time))) == offset)
    }

    @Test func `a zone knows when its clock is put forward and back`() throws {
        let winter = try #require(Moment(iso: "2026-01-01T00:00Z")), spring = try #require(Zones.world.nextShift("Europe/Athens", winter))
        #expect(spring == Moment(iso: "2026-03-29T01:00Z") && Zones.world.nextShift("Europe/Athens", spring) == Moment(iso: "2026-10-25T01:00Z"))
        #expect(Zones.world.nextShift("UTC", winter) == nil)
    }

    @Test(arguments: ["Europe/Atlantis", "EST", "GMT+3", "+03:00", "", "../etc/passwd", "europe/athens"]) func `other names are no zones`(name: String) {
        #expect(Zones.world.offset(name, Moment(milliseconds: 0)) == nil)
    }
}
