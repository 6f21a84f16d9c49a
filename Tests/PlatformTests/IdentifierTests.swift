import Kernel
import Testing

/// Identifiers are opaque bytes; UUIDs have one form.
@Suite struct IdentifierTests {
    private enum Door {}
    private static let composed = "caf\u{e9}", decomposed = "cafe\u{301}"

    @Test func `texts that look alike and have other bytes are other identifiers`() {
        #expect(Self.composed == Self.decomposed, "Swift's own equality does not tell them apart")
        #expect(ID<Door>(Self.composed) != ID<Door>(Self.decomposed))
        #expect(NonEmptyString(Self.composed) != NonEmptyString(Self.decomposed))
        #expect(StreamName("lock", Self.composed) != StreamName("lock", Self.decomposed))
        #expect(Set([ID<Door>(Self.composed), ID<Door>(Self.decomposed)]).count == 2)
        #expect(Caller.key(org: OrgID(Self.composed), isSuper: false) != Caller.key(org: OrgID(Self.decomposed), isSuper: false))
    }

    @Test func `members and values of JSON are told apart by their bytes`() throws {
        #expect(JSON.string(Self.composed) != JSON.string(Self.decomposed))
        let both = try JSON.parse(#"{"\#(Self.composed)": 1, "\#(Self.decomposed)": 2}"#)
        #expect(both[Self.composed] == 1 && both[Self.decomposed] == 2)
    }

    @Test func `equivalent spellings do not share a hash`() {
        let marks = ["\u{301}", "\u{316}", "\u{334}", "\u{345}"]
        let spellings = marks.flatMap { a in marks.filter { $0 != a }.map { b in "a" + a + b } }
        #expect(Set(spellings.map { ExactText($0).hashValue }).count == spellings.count)
    }

    @Test func `a UUID is one identifier in either case`() {
        let small = "0b7c4d7e-5a4f-4b6e-9d1c-2f3a4b5c6d7e", capital = small.uppercased()
        #expect(UUIDText(small) == UUIDText(capital))
        #expect(ID<Door>(capital).text == small)
        #expect(ID<Door>("NOT-A-UUID").text == "NOT-A-UUID")
    }

    @Test func `what opens by being known is random but for its version`() {
        let secrets = Set((0..<1_000).map { _ in UUIDText.secret() })
        #expect(secrets.count == 1_000)
        #expect(
            secrets.allSatisfy {
                Array($0.text)[14] == "4" && "89ab".contains(Array($0.text)[19]) && UUIDText.problem(with: $0.text) == nil
            })
    }

    @Test func `texts have limits in code points and show nothing unseen`() {
        func problems<Value: WireValue>(_ type: Value.Type, _ text: String) -> [Problem] {
            var reading = Reading()
            _ = Value.read(.string(text), at: "field", &reading)
            return reading.problems
        }
        #expect(problems(ID<Door>.self, String(repeating: "\u{1F511}", count: 128)).isEmpty)
        for bad in [
            "", String(repeating: "a", count: 129), "a\nb", "a\u{202E}b", "a\u{0}b", "a" + String(repeating: "\u{301}", count: 128),
        ] {
            #expect(problems(ID<Door>.self, bad).count == 1, "\(bad.count)")
        }
        #expect(problems(Reason.self, String(repeating: "r", count: 1_000)).isEmpty)
        #expect(problems(Reason.self, String(repeating: "r", count: 1_001)).count == 1)
        #expect(problems(String.self, String(repeating: "x", count: 1_000_000)).count == 1)
        #expect(problems(String.self, "two\nlines").isEmpty)
    }

    @Test(arguments: [Int64(1) << 53, Int64.min, -(Int64(1) << 53)]) func `integers that JSON libraries do not keep are refused`(
        _ number: Int64
    ) {
        var reading = Reading()
        #expect(Int.read(.int(number), at: "slot", &reading) == nil)
        #expect(reading.problems.count == 1)
    }

    @Test func `UTC is taken in every spelling of RFC 3339, and other offsets are not`() {
        #expect(Timestamp(iso: "2026-11-26T16:37:36.556263+00:00") == Timestamp(iso: "2026-11-26T16:37:36.556Z"))
        #expect(Timestamp(iso: "2026-11-26T16:37:36-00:00") == Timestamp(iso: "2026-11-26T16:37:36Z"))
        for other in [
            "2026-11-26T16:37:36+01:00", "2026-11-26T16:37:36+0000", "2026-11-26T16:37:36", "2026-11-26T16:37:36Z+00:00", "+00:00",
        ] {
            #expect(Timestamp(iso: other) == nil, "\(other)")
        }
    }

    @Test func `an object is edited in the same time however large it is`() {
        var object: JSON.Object = [:]
        for number in 0..<50_000 { object["m\(number)"] = .int(Int64(number)) }
        for number in 0..<49_990 { object["m\(number)"] = nil }
        #expect(object.count == 10 && object.keys == (49_990..<50_000).map { "m\($0)" })
        object["m0"] = "again"
        #expect(object.keys.last == "m0" && object["m49990"] == 49_990 && object["m1"] == nil)
    }
}
