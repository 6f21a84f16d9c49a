import Foundation
import Kernel
import KernelTesting
import Testing

/// The main job through every layer, on real parts, in one process and in five.
@Suite(.serialized) struct MainJobTests {
    @Test(arguments: Layout.testable) func `a partner gets from registration to an opened door`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            try await WebhookReceiver.with { sink in
                let partner = try await Partner(installation)
                try await partner.subscribe(sink.url("all"))
                let lock = try await partner.lock()
                #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 200)
                let opened = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["requestId": "r"])
                let action = try #require(opened.headers["x-action-id"])
                #expect(opened.status == 200 && opened.body["event"]?["type"] == "LockOpenRequested")
                let isDone = try await eventually { try await partner.call("GET", "/actions/\(action)").body["status"] == "success" }
                #expect(try await partner.asStaff("GET", "/actions/\(action)").status == 200)
                #expect(isDone)
                // Order holds per aggregate: the action's event may come before the lock's last one.
                let isTold = try await eventually {
                    let names = sink.all("all").map(\.name)
                    return names.contains("LockOpened") && names.contains("LockOpenRequested")
                }
                #expect(isTold)
                let deliveries = sink.all("all")
                #expect(deliveries.allSatisfy { $0.isGenuine && $0.detail["partnerId"] == .string(partner.org) })
                let schemas = try await partner.call("GET", "/schemas/events.json").body["events"]
                for delivery in deliveries where delivery.body["source"] == "spk.api" {
                    let schema = try #require(schemas?[delivery.name], "\(delivery.name)")
                    #expect(SchemaCheck.problems(delivery.data, schema, delivery.name).isEmpty)
                }
                let own = deliveries.filter { $0.detail["aggregateId"] == .string(lock.uuid) }.map(\.name)
                #expect(own == ["LockCreated", "KeyAdded", "LockOpenRequested"])
                #expect(deliveries.first { $0.name == "LockOpened" }?.detail["aggregateId"] == .string(action))
                #expect(try await partner.history(lock.number).compactMap { $0["type"]?.text } == own)
                #expect(try await installation.spkey("verify") == "The event log is sound.")
            }
        }
    }

    @Test(arguments: Layout.testable) func `a rotated key is dead at once, everywhere`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock()
            for _ in 0..<5 { #expect(try await partner.call("GET", "/locks/\(lock.number)/details").status == 200) }
            #expect(try await partner.asStaff("POST", "/api-keys/\(partner.org)/rotate").status == 201)
            #expect(try await partner.call("GET", "/locks/\(lock.number)/details").status == 401)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 401)
        }
    }

    @Test(arguments: Layout.testable) func `a repeated request with its key has one effect`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock(), key = [(name: "Idempotency-Key", value: "once")]
            let first = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["reason": "a"], headers: key)
            let second = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["reason": "a"], headers: key)
            #expect(first.status == 200 && first.body == second.body && second.headers["idempotent-replayed"] == "true")
            #expect(first.headers["x-action-id"] == second.headers["x-action-id"])
            let other = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["reason": "b"], headers: key)
            #expect(other.status == 409)
            #expect(try await partner.history(lock.number).count == 2)
        }
    }

    @Test(arguments: Layout.testable) func `concurrent keys on one lock are all stored`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock()
            try await withThrowingTaskGroup { group in
                for number in 0..<30 {
                    group.addTask {
                        let reply = try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": .string("k\(number)")])
                        #expect(reply.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await partner.history(lock.number).compactMap { $0["version"]?.integer } == Array(1...31))
        }
    }

    @Test(arguments: Layout.testable) func `both tenants hear that a lock has changed hands`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            try await WebhookReceiver.with { sink in
                let giver = try await Partner(installation), taker = try await Partner(installation), lock = try await giver.lock().number
                try await giver.subscribe(sink.url("giver"))
                try await taker.subscribe(sink.url("taker"))
                #expect(try await giver.call("POST", "/locks/\(lock)/SetOrganization", ["orgId": .string(taker.org)]).status == 200)
                let isTold = try await eventually {
                    ["giver", "taker"].allSatisfy { path in sink.all(path).contains { $0.name == "OrganizationSet" } }
                }
                #expect(isTold)
                #expect(try await taker.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "k"]).status == 200)
                #expect(try await giver.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "l"]).status == 403)
                let isHeard = try await eventually { sink.all("taker").contains { $0.name == "KeyAdded" } }
                #expect(isHeard)
                #expect(!sink.all("giver").contains { $0.name == "KeyAdded" })
            }
        }
    }
}
