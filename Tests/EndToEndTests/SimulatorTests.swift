import Foundation
import Kernel
import KernelTesting
import Testing

/// The simulated hub as a program: what it prints can be read while it runs, and when it dies its hub is offline.
@Suite struct SimulatorTests {
    @Test func `what is printed is there at once, and a simulator that is killed is offline`() async throws {
        try await DeviceTests.with { installation, broker, partner in
            let hub = "00000000-4b0b-8000-8000-000000000000", nodes = installation.folder.appending(path: "nodes")
            try FileManager.default.createDirectory(at: nodes, withIntermediateDirectories: true)
            try Data(#"{"attributes": {"0/40/1": "Vendor", "1/257/0": 1}}"#.utf8).write(to: nodes.appending(path: "lock.json"))
            let provisioned = try await partner.call(
                "POST", "/hubs/\(hub)/ProvisionHub", ["hubId": .string(hub), "serial": "S", "model": "M"])
            #expect(provisioned.status == 201, "\(provisioned)")
            let claimed = try await partner.call(
                "POST", "/hubs/\(hub)/ClaimHub", ["hubId": .string(hub), "siteId": "site", "userId": "ann"])
            #expect(claimed.status == 200, "\(claimed)")

            let output = installation.folder.appending(path: "simulator.log")
            let simulator = try Program(
                Installation.program, ["simulate", "--nodes", nodes.path], environment: ["SPKEY_MQTT_URL": broker.url], output: output,
                hearsErrors: false)
            let isPrinted = try await eventually {
                let text = try String(contentsOf: output, encoding: .utf8)
                return text.contains("hub \(hub)") && text.contains("node ")
            }
            #expect(isPrinted)
            let isOnline = try await eventually { try await partner.call("GET", "/hubs/\(hub)/status").body["online"] == true }
            #expect(isOnline)
            try await simulator.end(SIGKILL)
            let isOffline = try await eventually { try await partner.call("GET", "/hubs/\(hub)/status").body["online"] == false }
            #expect(isOffline)
        }
    }

    /// Dumps of real nodes, where they are at hand, beside those that are written here.
    private static func writeNodes(to folder: URL) throws -> Int {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let lock = """
            {"attributes": {"0/40/1": "Acme", "0/29/0": [{"0": 22, "1": 1}], "1/29/0": [{"0": 17, "1": 1}, {"0": 10, "1": 1}], "1/257/0": 1, \
            "1/257/3": 1, "1/47/12": 80, "1/257/65529": [0, 1]}}
            """
        let leak = #"{"attributes": {"0/40/1": "Acme", "1/29/0": [{"0": 67, "1": 1}], "1/69/0": true}}"#
        try Data(lock.utf8).write(to: folder.appending(path: "0-lock.json"))
        try Data(leak.utf8).write(to: folder.appending(path: "1-leak.json"))
        let home = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/fixtures/matter")
        let dumps = (try? FileManager.default.contentsOfDirectory(atPath: home.path))?.filter { $0.hasSuffix(".json") } ?? []
        for dump in dumps {
            try FileManager.default.copyItem(at: home.appending(path: dump), to: folder.appending(path: "2-\(dump)"))
        }
        return 2 + dumps.count
    }

    @Test func `node dumps become devices that are shown in words, and their locks open`() async throws {
        try await DeviceTests.with { installation, broker, partner in
            let hub = "00000000-4b0b-8000-8000-000000000000", nodes = installation.folder.appending(path: "nodes")
            let count = try Self.writeNodes(to: nodes)
            _ = try await partner.call("POST", "/hubs/\(hub)/ProvisionHub", ["hubId": .string(hub), "serial": "S", "model": "M"])
            let claimed = try await partner.call(
                "POST", "/hubs/\(hub)/ClaimHub", ["hubId": .string(hub), "siteId": "site", "userId": "ann"])
            #expect(claimed.status == 200, "\(claimed)")
            let simulator = try Program(
                Installation.program, ["simulate", "--nodes", nodes.path], environment: ["SPKEY_MQTT_URL": broker.url],
                output: installation.folder.appending(path: "simulator.log"))
            func devices() async throws -> [JSON] {
                try await partner.call("GET", "/matter-devices?limit=200").body["devices"]?.items ?? []
            }
            let areThere = try await eventually {
                let found = try await devices()
                return found.count == count && found.allSatisfy { $0["state"]?["reachable"] == true }
            }
            let found = try await devices(), locks = found.filter { $0["deviceType"] == "lock" }
            #expect(
                found.contains { $0["deviceType"] == "water_leak_detector" && $0["alarms"]?.items?.first?["alarmType"] == "water_leak" })
            #expect(areThere && !locks.isEmpty, "\(found)")
            for lock in locks {
                let uuid = lock["deviceId"]?.text ?? "", number = Int.random(in: 1...1 << 40)
                #expect(lock["state"]?["lockState"] == "locked" && lock["state"]?["batteryPercent"] == 40, "\(lock)")
                let made = try await partner.call(
                    "POST", "/locks/\(number)/CreateLock", ["index": .int(Int64(number)), "uuid": .string(uuid)])
                #expect(made.status == 201, "\(made)")
                let opened = try await partner.call("POST", "/locks/\(number)/OpenLock"), action = opened.headers["x-action-id"] ?? ""
                #expect(opened.status == 200, "\(opened)")
                let isOpen = try await eventually { try await partner.call("GET", "/actions/\(action)").body["status"] == "success" }
                #expect(isOpen)
            }
            try await simulator.end(SIGKILL)
        }
    }
}
