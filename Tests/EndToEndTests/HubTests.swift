import Foundation
import Kernel
import KernelTesting
import Testing

/// Hubs as a tenant and the hub itself see them.
@Suite(.serialized) struct HubTests {
    struct Missing: Error {}

    /// Registers and claims a hub and returns its id.
    static func hub(_ partner: Partner) async throws -> String {
        let id = UUID().uuidString.lowercased()
        let made = try await partner.call(
            "POST", "/hubs/\(id)/ProvisionHub", ["hubId": .string(id), "serial": "SN", "model": "hub-2"])
        let claimed = try await partner.call(
            "POST", "/hubs/\(id)/ClaimHub", ["hubId": .string(id), "siteId": "s", "userId": "installer"])
        #expect(made.status == 201 && claimed.status == 200, "\(made) \(claimed)")
        return id
    }

    @Test(arguments: Layout.testable) func `a command to a hub is an action that the hub's answer ends`(layout: Layout) async throws {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let hub = try await Self.hub(partner)
            let device = try await Device(broker, hub, shadow: "hub_command")
            defer { device.close() }
            func send(_ operation: String, _ body: JSON) async throws -> (action: String, command: JSON) {
                let reply = try await partner.call("POST", "/hubs/\(hub)/\(operation)", body)
                #expect(reply.status == 200 && reply.body["event"] == .null && reply.body["version"] == 2, "\(reply)")
                guard let action = reply.headers["x-action-id"] else { throw Missing() }
                let progress = try await partner.call("GET", "/actions/\(action)").body
                #expect(progress["status"] == "pending" && progress["type"] == .string(operation), "\(progress)")
                let isShown = try await eventually {
                    try await device.say("get", [:])
                    return device.all("get/accepted").last?["state"]?["desired"]?["message_id"] == .string(action)
                }
                #expect(isShown)
                return (action, device.all("get/accepted").last?["state"]?["desired"] ?? .null)
            }
            func ended(_ action: String) async throws -> JSON {
                var progress = JSON.null
                _ = try await eventually {
                    progress = try await partner.call("GET", "/actions/\(action)").body
                    return progress["status"] != "pending"
                }
                return progress
            }
            let commissioning = try await send(
                "CommissionDevice", ["hubId": .string(hub), "commissioningCode": "MT:Y.K9042C00KA0648G00"])
            #expect(commissioning.command["command"] == "commission_with_code")
            #expect(commissioning.command["args"] == ["code": "MT:Y.K9042C00KA0648G00"])
            try await device.acknowledge(commissioning.command, result: ["uuid": "d1", "node_id": 7])
            let success = try await ended(commissioning.action)
            #expect(success["status"] == "success" && success["result"] == ["uuid": "d1", "node_id": 7], "\(success)")

            // The name is also that of a command for locks.
            let raw = try await send("SendHubCommand", ["hubId": .string(hub), "command": "unlock", "args": ["a": [1, .null]]])
            #expect(raw.command["command"] == "unlock" && raw.command["args"] == ["a": [1, .null]])
            try await device.acknowledge(raw.command, error: "no such node")
            let failure = try await ended(raw.action)
            #expect(failure["status"] == "error" && failure["error"]?["message"] == "no such node", "\(failure)")

            let other = try await Partner(installation)
            #expect(try await other.call("GET", "/actions/\(raw.action)").status == 403)
        }
    }

    @Test(arguments: Layout.testable) func `what is behind a suspended hub is not opened, and is again when the hub is resumed`(
        layout: Layout
    ) async throws {
        try await DeviceTests.with(layout) { _, broker, partner in
            let hub = try await Self.hub(partner), lock = try await partner.lock()
            let made = try await partner.call(
                "POST", "/matter-devices/\(lock.uuid)/CreateMatterDevice",
                ["deviceId": .string(lock.uuid), "thingName": .string(lock.uuid), "hubId": .string(hub), "deviceType": "lock"])
            #expect(made.status == 201, "\(made)")
            let body: JSON = ["hubId": .string(hub), "reason": "water damage", "userId": "Ann"]
            #expect(try await partner.call("POST", "/locks/\(lock.number)/OpenLock").status == 200)
            #expect(try await partner.call("POST", "/hubs/\(hub)/SuspendHub", body).status == 200)
            let refused = try await partner.call("POST", "/locks/\(lock.number)/OpenLock")
            #expect(refused.status == 502 && refused.body["message"]?.text?.contains("suspended") == true, "\(refused)")
            let idle = try await partner.call("POST", "/hubs/\(hub)/SendHubCommand", ["hubId": .string(hub), "command": "get_nodes"])
            #expect(idle.status == 400, "\(idle)")
            #expect(try await partner.call("POST", "/hubs/\(hub)/ResumeHub", body).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/OpenLock").status == 200)
            #expect(try await partner.call("POST", "/hubs/\(hub)/DecommissionHub", body).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/OpenLock").status == 502)
        }
    }

    @Test(arguments: Layout.testable.filter { $0 != .five })
    func `a migration goes on after kill -9, and ends when the target hub has the devices`(
        layout: Layout
    ) async throws {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let source = try await Self.hub(partner), target = try await Self.hub(partner)
            var devices: [String] = []
            for _ in 0..<2 {
                let id = UUID().uuidString.lowercased()
                let made = try await partner.call(
                    "POST", "/matter-devices/\(id)/CreateMatterDevice",
                    ["deviceId": .string(id), "thingName": .string(id), "hubId": .string(source), "deviceType": "lock"])
                #expect(made.status == 201, "\(made)")
                devices.append(id)
            }
            let bridge = try await Device(broker, target, shadow: "hub_command", answers: true)
            defer { bridge.close() }
            let started = try await partner.call(
                "POST", "/hubs/\(source)/StartHubMigration", ["targetHubId": .string(target), "userId": "Ann"])
            guard let migration = started.body["migrationId"]?.text else { throw Missing() }
            func progress() async throws -> JSON { try await partner.call("GET", "/hubs/\(source)/migrations/\(migration)").body }
            for (place, _) in devices.enumerated() {
                let isTold = try await eventually(within: .seconds(30)) { bridge.opens.count == place + 1 }
                #expect(isTold)
                try await installation.killAndRestart()
                let moving = try await progress()["devices"]?.items?.first { $0["status"] == "Migrating" }
                guard let id = moving?["deviceId"]?.text else { throw Missing() }
                let thing = try await Device(broker, id, shadow: "device_info")
                try await thing.say("update", ["state": ["reported": ["bridge_uuid": .string(target), "uuid": .string(id), "1/29/0": 10]]])
                let isMoved = try await eventually(within: .seconds(30)) {
                    try await partner.call("GET", "/matter-devices/\(id)").body["hubId"] == .string(target)
                }
                #expect(isMoved)
                thing.close()
            }
            let isCompleted = try await eventually(within: .seconds(30)) { try await progress()["status"] == "Completed" }
            let last = try await progress()
            #expect(isCompleted && last["migrated"] == 2, "\(last)")
            #expect(bridge.opens.count == 2)
        }
    }
}
