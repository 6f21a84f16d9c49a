import Kernel
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "0", "-1", "9223372036854775807", "1.5", "\"\"", "\"a\\\"b\\\\c\"", "[1,[2,{\"a\":null}]]",
        "\"\u{1F600}é\"",
        "{\"z\":1,\"a\":2}",
    ]) func `texts come back as they were`(text: String) throws { #expect(try JSON.parse(text).encoded == text) }

    @Test func `integers stay exact and larger numbers become floating`() throws {
        #expect(try JSON.parse("9007199254740993") == .int(9_007_199_254_740_993))
        #expect(try JSON.parse("1.0") == .double(1))
        #expect(try JSON.parse("18446744073709551616").number == 18_446_744_073_709_551_616)
    }

    @Test func `escapes are read`() throws {
        #expect(try JSON.parse(#""\u00e9\ud83d\ude00\n\/""#) == .string("é\u{1F600}\n/"))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "+1", "--1", "nul", "\"", "\"\u{1}\"", #""\x""#, #""\u12""#, #""\ud800""#,
        #""\udc00\ud800""#, "1 2",
        "{\"a\":1,\"a\":2}", #""\u0000""#, "1e999", "[1", "tru", #""\u+123""#,
    ]) func `everything else is refused`(text: String) { #expect(throws: JSONError.self) { try JSON.parse(text) } }

    @Test func `bytes that are not UTF-8 are refused`() { #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xFF, 0x22]) } }

    @Test func `nesting is limited`() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: JSONError.self) { try JSON.parse(deep) }
        #expect(throws: Never.self) { try JSON.parse(deep, depth: 64) }
    }

    @Test func `large objects find, replace and remove their members`() {
        var object: JSON.Object = [:]
        for number in 0..<100 { object["k\(number)"] = .int(Int64(number)) }
        object["k50"] = "x"
        object["k0"] = nil
        #expect(object.count == 99 && object["k50"] == "x" && object["k0"] == nil && object["k99"] == 99 && object.keys.first == "k1")
    }

    struct Sample: Codable, Equatable {
        enum Kind: String, Codable { case one, two }
        var text = "t", number = -3, big: Int64 = .max, flag = true, part = 0.5, kind = Kind.two, list = [1, 2], map = ["a": [true]]
        var absent: String?
        var inner: [Inner] = [Inner(a: 1), Inner(a: nil)]
        var raw: JSON = ["x": [1, .null]]
        var moment = Timestamp(milliseconds: 5)
        struct Inner: Codable, Equatable { var a: UInt8? }
    }

    @Test func `Codable values come back as they were`() throws {
        let json = try JSON(encoding: Sample())
        #expect(json["absent"] == nil && json["raw"] == ["x": [1, .null]] && json["moment"] == 5)
        #expect(try JSON.parse(json.encoded).decoded(as: Sample.self) == Sample())
    }

    @Test(arguments: [#"{"a":256}"#, #"{"a":-1}"#, #"{"a":"1"}"#, #"{"a":1.5}"#]) func `nothing is coerced`(text: String) throws {
        let json = try JSON.parse(text)
        #expect(throws: DecodingError.self) { try json.decoded(as: Sample.Inner.self) }
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [0, 1, 999, -1, 951_782_400_000, 1_755_680_400_123, 4_102_444_799_999, -62_135_596_800_000])
    func `moments come back from their text`(milliseconds: Int64) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(Timestamp(iso: moment.iso) == moment)
    }

    @Test func `texts in UTC are read`() {
        #expect(Timestamp(iso: "2026-08-20T09:30Z")?.iso == "2026-08-20T09:30:00.000Z")
        #expect(Timestamp(iso: "2026-08-20T09:30:15Z")?.iso == "2026-08-20T09:30:15.000Z")
        #expect(Timestamp(iso: "2026-08-20T09:30:15.5Z")?.iso == "2026-08-20T09:30:15.500Z")
        #expect(Timestamp(iso: "2024-02-29T00:00:00.123456Z")?.iso == "2024-02-29T00:00:00.123Z")
    }

    @Test(arguments: [
        "", "2026-08-20", "2026-08-20T09:30:00+02:00", "2026-08-20T09:30:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-08-20T24:00:00Z",
        "2026-08-20T09:60:00Z", "2026-08-20 09:30:00Z", "yesterday",
    ])
    func `other texts are refused`(text: String) { #expect(Timestamp(iso: text) == nil) }
}

@Suite struct UUIDTextTests {
    @Test func `fresh ones are versions 7 and differ`() {
        let now = Timestamp(milliseconds: 1_755_680_400_123), some = (0..<100).map { _ in UUIDText.fresh(at: now) }
        #expect(Set(some).count == 100)
        #expect(
            some.allSatisfy { UUIDText.problem(with: $0.text) == nil && Array($0.text)[14] == "7" && "89ab".contains(Array($0.text)[19]) })
        #expect(Set(some.map { $0.text.prefix(13) }).count == 1)
    }

    @Test func `the same digest gives the same one, of version 8`() {
        let uuid = UUIDText(digest: Array(repeating: 0xFF, count: 32))
        #expect(uuid.text == "ffffffff-ffff-8fff-bfff-ffffffffffff")
    }

    @Test(arguments: [
        "", "x", "7c9e6679742540de944be07fc1f90ae7", "7c9e6679-7425-40de-944b-e07fc1f90aeg", "7c9e6679-7425-40de-944b-e07fc1f90ae7-",
    ])
    func `other texts are refused`(text: String) { #expect(UUIDText.problem(with: text) != nil) }
}
