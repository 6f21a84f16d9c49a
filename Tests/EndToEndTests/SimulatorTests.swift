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
}
