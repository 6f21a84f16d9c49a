import Foundation
import Kernel
import KernelTesting
import Testing

/// What staff do across modules, in every layout.
@Suite(.serialized) struct AdminTests {
    private static func delete(_ partner: Partner, _ tail: String, mode: String = "DELETE_DO_AND_EVENTS") async throws -> Reply {
        try await partner.asStaff("DELETE", "/admin/cleanup/\(tail)?mode=\(mode)")
    }

    @Test(arguments: Layout.testable) func `what is deleted is archived first, and does not come back`(layout: Layout) async throws {
        let archive = FileManager.default.temporaryDirectory.appending(path: "spkey-archive-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: archive) }
        try await Installation.with(layout, settings: ["SPKEY_ARCHIVE_DIR": archive.path]) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock(), user = try await partner.user()
            #expect(
                try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k", "userId": .string(user)]).status == 200)
            // The process remembers the lock: what it decides on its memory must not bring the lock back.
            #expect(try await partner.call("POST", "/locks/\(lock.number)/SetOwner", ["userId": .string(user)]).status == 200)
            let deleted = try await Self.delete(partner, "locks/\(lock.uuid)")
            #expect(deleted.body["success"] == true, "\(deleted)")
            let name = try #require(deleted.body["auditLogPath"]?.text)
            let lines = try String(contentsOf: archive.appending(path: name), encoding: .utf8).split(separator: "\n")
            let types = try lines.map { try JSON.parse(Array($0.utf8), depth: 16)["type"]?.text }
            #expect(types.prefix(3) == ["LockCreated", "KeyAdded", "OwnerSet"], "\(types)")
            for (path, body) in [("SetOwner", ["userId": "x"]), ("AddKey", ["keyUuid": "l"]), ("OpenLock", [:])] as [(String, JSON)] {
                #expect(try await partner.call("POST", "/locks/\(lock.number)/\(path)", body).status == 404, "\(path)")
            }
            #expect(
                try await partner.call("GET", "/users/\(user)/owned-locks", as: try await partner.signedIn(user)).body["locks"]?.items == []
            )
            // The number and the UUID are free.
            let again: JSON = ["index": .int(Int64(lock.number)), "uuid": .string(lock.uuid)]
            #expect(try await partner.call("POST", "/locks/\(lock.number)/CreateLock", again).status == 201)

            #expect(try await Self.delete(partner, "users/\(user)").body["success"] == true)
            #expect(try await partner.call("GET", "/users/\(user)/profile").status == 404)
            #expect(try await partner.call("GET", "/users/by-email?email=\(user)@example.com&searchOnly=true").status == 404)
            let unknown = try await Self.delete(partner, "users/\(user)")
            #expect(unknown.status == 200)
            #expect(unknown.body["operations"]?.items == [])
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test func `the keys of a deleted lock leave its device, and guests' keys open nothing any more`() async throws {
        try await DeviceTests.with { installation, broker, partner in
            let lock = try await partner.lock(), door = try await Device(broker, lock.uuid, answers: true)
            defer { door.close() }
            for key in ["a", "b", "c"] {
                #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": .string(key)]).status == 200)
            }
            let guest = UUID().uuidString.lowercased()
            let key: JSON = [
                "tempKeyUuid": .string(guest), "accessMode": "public", "validFrom": (Installation.now - .seconds(60)).json,
                "validUntil": (Installation.now + .seconds(3_600)).json,
            ]
            #expect(try await partner.call("POST", "/locks/\(lock.number)/create-temp-key", key).status == 200)
            #expect(try await Self.delete(partner, "locks/\(lock.number)").body["success"] == true)
            @Sendable func removed() -> Set<String> {
                let commands = door.all("update/delta").compactMap { $0["state"]?["lastCommand"] ?? $0["state"] }
                return Set(commands.filter { $0.encoded.contains("remove_key") }.map(\.encoded))
            }
            let areGone = try await eventually { removed().count == 3 }
            #expect(areGone)
            // The next lock with this number is another one.
            let again: JSON = ["index": .int(Int64(lock.number)), "uuid": .string(lock.uuid)]
            #expect(try await partner.call("POST", "/locks/\(lock.number)/CreateLock", again).status == 201)
            _ = try await partner.call("POST", "/temp-keys/\(guest)/open?attempt=\(UUID().uuidString.lowercased())", as: [])
            #expect(try await !partner.history(lock.number).contains { $0["type"] == "LockOpenRequested" })
        }
    }

    @Test func `a state that is dropped is folded from its events again`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock()
            #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 200)
            let before = try await partner.call("GET", "/locks/\(lock.number)/details").body
            #expect(try await Self.delete(partner, "locks/\(lock.number)", mode: "DELETE_DO_ONLY").body["operations"]?.items?.count == 1)
            #expect(try await partner.call("GET", "/locks/\(lock.number)/details").body == before)
            try await installation.killAndRestart()
            #expect(try await partner.call("GET", "/locks/\(lock.number)/details").body == before)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "l"]).status == 200)
        }
    }

    @Test(arguments: Layout.testable) func `projections are built anew while everything is served`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), user = try await partner.user(), person = try await partner.signedIn(user)
            var locks: [Int] = []
            for _ in 0..<5 { locks.append(try await partner.lock().number) }
            for lock in locks {
                #expect(try await partner.call("POST", "/locks/\(lock)/SetOwner", ["userId": .string(user)]).status == 200)
            }
            let owned = try await partner.call("GET", "/users/\(user)/owned-locks", as: person).body["locks"]
            #expect(owned?.items?.count == 5)
            let run = try await partner.asStaff("POST", "/admin/resync-projections?batchSize=2&delaySeconds=0&clearFirst=true")
            let id = try #require(run.body["instanceId"]?.text, "\(run)")
            #expect(run.body["counts"]?["lock"] == 5 && run.body["counts"]?["user"] == 1)
            // Rows are there all the time, and what changes meanwhile is not lost.
            #expect(try await partner.call("POST", "/locks/\(locks[0])/AddKey", ["keyUuid": "k"]).status == 200)
            let isDone = try await eventually(within: .seconds(30)) {
                #expect(try await partner.call("GET", "/users/\(user)/owned-locks", as: person).body["locks"]?.items?.count == 5)
                return try await partner.asStaff("GET", "/admin/workflows/\(id)").body["status"] == "complete"
            }
            #expect(isDone)
            let keys = try await partner.call("GET", "/users/\(user)/owned-locks", as: person).body["locks"]?.items?.map { $0["uuid"] }
            #expect(Set(keys ?? []) == Set(owned?.items?.map { $0["uuid"] } ?? []))
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test func `a module that does not answer is named, never left out`() async throws {
        guard Layout.testable.contains(.five) else { return }
        try await Installation.with(.five) { installation in
            let partner = try await Partner(installation)
            let whole = try await partner.asStaff("GET", "/admin/aggregates?type=tenant")
            #expect(whole.body["unavailable"] == nil)
            try await installation.process(of: "video").end(SIGKILL)
            let isNamed = try await eventually(within: .seconds(30)) {
                let reply = try await partner.asStaff("GET", "/admin/aggregates?type=tenant")
                return reply.status == 200 && reply.body["unavailable"]?.items == ["video"]
            }
            #expect(isNamed)
            let overview = try await partner.asStaff("GET", "/admin/ops/overview").body
            #expect(overview["dlq"]?["configured"] == false && overview["unavailable"]?.items == ["video"])
        }
    }
}
