import Foundation
import Kernel
import KernelTesting
import Testing

/// One open, with the process dying at each named place on its way: one physical open, one event, nothing late.
@Suite(.serialized) struct CrashTests {
    static let points = [
        "commit-before@devices", "commit-after@devices", "publish-before@devices", "publish-after@devices", "puback-after@devices",
        "commit-before@access",
        "commit-after@access", "checkpoint-before@access-finish-actions", "checkpoint-after@access-finish-actions",
    ]

    static let cases = points.flatMap { point in Layout.testable.filter { $0 != .five }.map { (point, $0) } }

    @Test(arguments: cases) func `an open survives a crash`(point: String, layout: Layout) async throws {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let lock = try await partner.lock(), door = try await Device(broker, lock.uuid, answers: true)
            defer { door.close() }
            try await WebhookReceiver.with { sink in
                try await partner.subscribe(sink.url("all"))
                let key = [(name: "Idempotency-Key", value: "open-once")]
                try await installation.killAndRestart(["SPKEY_CRASH_AT": point])
                let first = try? await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["requestId": "r"], headers: key)
                try await installation.server.wait()
                // A device may answer, and the process die of it, before the answer to the request is out.
                if !point.hasPrefix("checkpoint") { #expect(first?.status != 200, "\(String(describing: first))") }
                try await installation.killAndRestart()
                var action: String?
                let isAnswered = try await eventually {
                    let reply = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", ["requestId": "r"], headers: key)
                    action = reply.headers["x-action-id"]
                    return reply.status == 200
                }
                #expect(isAnswered)
                let followed = try #require(action)
                let isDone = try await eventually(within: .seconds(20)) {
                    try await partner.call("GET", "/actions/\(followed)").body["status"] == "success"
                }
                #expect(isDone)
                #expect(door.opens == [followed])
                #expect(try await partner.history(lock.number).compactMap { $0["type"]?.text } == ["LockCreated", "LockOpenRequested"])
                let isTold = try await eventually { Set(sink.all("all").map(\.name)).isSuperset(of: ["LockOpened", "LockOpenRequested"]) }
                #expect(isTold)
                for name in ["LockOpened", "LockOpenRequested"] {
                    #expect(Set(sink.all("all").filter { $0.name == name }.map { $0.body["id"] }).count == 1, "\(name)")
                }
                #expect(sink.all("all").first { $0.name == "LockOpened" }?.detail["data"]?["late"] == nil)
                #expect(try await installation.spkey("verify") == "The event log is sound.")
            }
        }
    }

    static let guestPoints = [
        "publish-after@devices", "commit-before@access", "commit-after@access", "checkpoint-before@access-finish-actions",
    ]

    @Test(arguments: guestPoints, Layout.testable.filter { $0 != .five }) func `a guest's open survives a crash as one use`(
        point: String, layout: Layout
    ) async throws {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let lock = try await partner.lock(), door = try await Device(broker, lock.uuid, answers: true),
                id = UUID().uuidString.lowercased()
            defer { door.close() }
            let key: JSON = [
                "tempKeyUuid": .string(id), "accessMode": "public", "maxUses": 3, "validFrom": (Installation.now - .seconds(60)).json,
                "validUntil": (Installation.now + .seconds(3_600)).json,
            ]
            #expect(try await partner.call("POST", "/locks/\(lock.number)/create-temp-key", key).status == 200)
            try await installation.killAndRestart(["SPKEY_CRASH_AT": point])
            // The same press again and again, until the server is dead: it may not be able to hand the command over at once.
            let press = "/temp-keys/\(id)/open?attempt=\(UUID().uuidString.lowercased())", server = installation.server
            let isDead = try await eventually(within: .seconds(60)) {
                _ = try? await partner.call("POST", press, as: [])
                return !server.isRunning
            }
            #expect(isDead)
            try await installation.killAndRestart()
            let isTold = try await eventually(within: .seconds(20)) {
                _ = try await partner.call("POST", press, as: [])
                return try await partner.history(lock.number).compactMap { $0["type"]?.text } == [
                    "LockCreated", "TempKeyCreated", "LockOpenRequested", "TempKeyUsed",
                ] && !door.opens.isEmpty
            }
            #expect(isTold)
            #expect(door.opens.count == 1)
            let keys = try await partner.call("GET", "/locks/\(lock.number)/temp-keys").body["tempKeys"]?.items ?? []
            #expect(keys.map { $0["usedCount"] } == [1])
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }
}
