import Foundation
import Kernel
import KernelTesting
import MQTT
import Testing

/// A device that says what no device says, for as long as it can.
@Suite struct HostileDeviceTests {
    static let messages = 10_000
    private static let batch = 500

    private static func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What is refused, with the code that says so.
    private static let refused: [(payload: [UInt8], code: Int64)] = [
        (utf8(#"{"state": {"reported": {"name": ""#) + [0xC3, 0x28, 0xFF] + utf8(#""}}}"#), 415),
        (utf8(#"{"state": {"reported": {"name": ""# + String(repeating: "x", count: 200 << 10) + #""}}}"#), 413),
        (utf8(#"{"state": {"reported": "# + String(repeating: "[", count: 1_000) + String(repeating: "]", count: 1_000) + "}}"), 400),
        (utf8(#"{"state": {"reported": "# + String(repeating: #"{"a":"#, count: 1_000)), 400),
        (utf8(#"{"state": {"reported": {"value": 1e400}}}"#), 400),
        (utf8(#"{"state": {"reported": {"value": NaN}}}"#), 400),
        (utf8(#"{"state": {"reported": {"value": 1, "value": 2}}}"#), 400),
        (utf8(#"{"state": {"reported": {"value": 1}}"#), 400),
        (utf8(#"{"state": {"reported": {"value": "\ud800"}}}"#), 400),
        (utf8(#"{"state": {"reported": 7}}"#), 400),
        (utf8(#"{"state": {"reported": {}}, "clientToken": ""# + String(repeating: "x", count: 65) + #""}"#), 400),
        ([], 400),
        ([0, 0, 0], 400),
    ]

    @Test func `rubbish neither stops the service nor makes it grow`() async throws {
        try await DeviceTests.with { installation, broker, partner in
            let thing = try await ShadowServiceTests.thing(partner), shadow = "$aws/things/\(thing)/shadow/name/state"
            let accepted = shadow + "/update/accepted", rejected = shadow + "/update/rejected"
            let settings = MQTTSettings(host: "127.0.0.1", port: broker.port, clientID: "hostile")
            let device = try await Listener(settings, hearing: [accepted, rejected])
            defer { device.close() }
            #expect(try await eventually { device.isConnected })

            for (payload, code) in Self.refused {
                let known = device.messages.count
                #expect(try await device.say(shadow + "/update", payload))
                let isAnswered = try await eventually { device.messages.count > known }
                let answer = try JSON.parse(device.messages.last?.payload ?? [])
                #expect(isAnswered && device.messages.last?.topic == rejected && answer["code"] == .int(code), "\(code): \(answer)")
            }

            var before: ProcessUse?
            for batch in 0..<Self.messages / Self.batch {
                for number in 0..<Self.batch {
                    _ = try await device.say(shadow + "/update", Self.refused[number % Self.refused.count].payload)
                }
                // What makes sense is heard behind it, and stored.
                let sense: JSON = ["state": ["reported": ["batch": .int(Int64(batch))]]]
                let isHeard = try await eventually(within: .seconds(30)) {
                    _ = try await device.say(shadow + "/update", sense)
                    return device.messages.contains {
                        $0.topic == accepted && (try? JSON.parse($0.payload))?["state"] == sense["state"]
                    }
                }
                #expect(isHeard, "\(batch)")
                if batch == Self.messages / Self.batch / 4 { before = try ProcessUse(installation.server.id) }
            }
            let after = try ProcessUse(installation.server.id), start = try #require(before)
            #expect(after.kilobytes < start.kilobytes + 64 << 10 && after.handles <= start.handles + 8, "\(start); \(after)")
            let document = try await partner.call("GET", "/things/\(thing)/shadow?name=state").body
            #expect(document["state"] == ["reported": ["batch": .int(Int64(Self.messages / Self.batch - 1))]], "\(document)")
            #expect(try await partner.call("GET", "/readyz").status == 200)
        }
    }
}
