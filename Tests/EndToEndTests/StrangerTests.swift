import Foundation
import Kernel
import KernelTesting
import Testing

/// What tenants, users and guests may not do to each other's doors.
@Suite(.serialized) struct StrangerTests {
    static func with(_ body: @escaping @Sendable (Installation, Partner, Partner) async throws -> Void) async throws {
        try await Installation.with(.sqlite) { installation in
            try await body(installation, try await Partner(installation), try await Partner(installation))
        }
    }

    static func sharedKey(_ partner: Partner, _ locks: [Int]) async throws -> String {
        let body: JSON = [
            "validFrom": (Installation.now - .seconds(1)).json, "validUntil": (Installation.now + .seconds(600)).json,
            "doors": .array(locks.map { ["lockId": .int(Int64($0))] }),
        ]
        return try #require(try await partner.call("POST", "/temp-keys", body).body["uuid"]?.text)
    }

    static func open(_ partner: Partner, _ key: String, _ door: Int, attempt: String = UUID().uuidString) async throws -> Reply {
        try await partner.call(
            "POST", "/temp-keys/\(key)/doors/\(door)/open?attempt=\(attempt)", [:], as: [(name: "Accept", value: "application/json")])
    }

    @Test func `a suspension is lifted by whoever made it, and bars at their doors only`() async throws {
        try await Self.with { installation, a, b in
            let user = try await a.user(), person = try await a.signedIn(user), ours = try await a.lock().number,
                theirs = try await b.lock().number
            for (partner, lock) in [(a, ours), (b, theirs)] {
                #expect(
                    try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string("k\(lock)"), "userId": .string(user)])
                        .status == 200)
            }
            func opens(_ lock: Int) async throws -> Int { try await a.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status }
            #expect(try await a.call("POST", "/users/\(user)/SuspendUser", ["reason": "evicted"]).status == 200)
            let isBarred = try await eventually { try await opens(ours) == 403 }
            #expect(isBarred)
            #expect(try await opens(theirs) == 200)
            _ = try await b.call("POST", "/users/\(user)/ReactivateUser", ["reason": "no"])
            #expect(try await opens(ours) == 403)
            // And the other way round: what the other tenant thinks of the person closes no door here.
            #expect(try await b.call("POST", "/users/\(user)/SuspendUser", ["reason": "spite"]).status == 200)
            #expect(try await a.call("POST", "/users/\(user)/ReactivateUser", ["reason": "back"]).status == 200)
            let isBack = try await eventually { try await opens(ours) == 200 }
            #expect(isBack)
        }
    }

    @Test func `nobody becomes somebody else by an address that a stranger typed`() async throws {
        try await Self.with { installation, a, b in
            let id = UUID().uuidString.lowercased(), lock = try await a.lock().number
            let made = try await a.call("GET", "/users/by-phone?phoneNumber=%2B306912345678&uuid=\(id)")
            #expect((200..<300).contains(made.status), "\(made)")
            #expect(try await a.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "k", "userId": .string(id)]).status == 200)
            #expect(try await b.call("POST", "/users/\(id)/UpdateEmail", ["email": "attacker@example.com"]).status == 403)
            let token = try await installation.spkey("token", "--email", "attacker@example.com")
            let attacker = [(name: "Authorization", value: "Bearer \(token)")]
            #expect([401, 403].contains(try await a.call("POST", "/locks/\(lock)/OpenLock", [:], as: attacker).status))
        }
    }

    @Test func `a guest's key ends with the hands that gave it, door by door`() async throws {
        try await Self.with { installation, a, b in
            let sold = try await a.lock().number, kept = try await a.lock().number, key = try await Self.sharedKey(a, [sold, kept])
            #expect(try await Self.open(a, key, 1).status == 303)
            #expect(try await a.call("POST", "/locks/\(sold)/SetOrganization", ["orgId": .string(b.org)]).status == 200)
            #expect(try await Self.open(a, key, 1).status >= 400)
            #expect(try await Self.open(a, key, 2).status == 303)
            // The tenant of one door ends the key there, and nowhere else.
            let ours = try await b.lock().number
            #expect(try await b.call("POST", "/temp-keys/\(key)/doors/2/remove").status == 403)
            #expect(try await a.call("POST", "/temp-keys/\(key)/doors/2/remove").status == 200)
            #expect(try await Self.open(a, key, 2).status >= 400)
            let other = try await Self.sharedKey(b, [ours])
            #expect(try await Self.open(b, other, 1).status == 303)
        }
    }

    @Test func `a device behind a hub that nobody has claimed is nobody's`() async throws {
        try await Self.with { installation, a, b in
            let hub = UUID().uuidString.lowercased(), device = UUID().uuidString.lowercased()
            let key = try await installation.spkey("api-key", "create", "--org", b.org, "--super"),
                holder = [(name: "X-API-Key", value: key)]
            #expect(
                try await b.call("POST", "/hubs/\(hub)/ProvisionHub", ["hubId": .string(hub), "serial": "S", "model": "M"], as: holder)
                    .status == 201)
            let matter: JSON = ["deviceId": .string(device), "thingName": .string(device), "hubId": .string(hub), "deviceType": "lock"]
            #expect(try await b.call("POST", "/matter-devices/\(device)/CreateMatterDevice", matter, as: holder).status == 201)
            let user = try await b.user(), person = try await b.signedIn(user)
            for (uuid, number) in [(device, 4_001), (hub, 4_002)] as [(String, Int)] {
                let body: JSON = ["index": .int(Int64(number)), "uuid": .string(uuid)]
                _ = try await b.call("POST", "/locks/\(number)/CreateLock", body, as: person)
                #expect(try await b.call("POST", "/locks/\(number)/OpenLock", [:], as: person).status >= 400)
            }
            let claim: JSON = ["hubId": .string(hub), "siteId": "s", "userId": .string(user)]
            let claimed = try await a.call("POST", "/hubs/\(hub)/ClaimHub", claim)
            #expect(claimed.status == 200, "\(claimed)")
            #expect(try await b.call("POST", "/locks/4001/OpenLock", [:], as: person).status >= 400)
        }
    }

    @Test func `one attempt of a guest is one open`() async throws {
        try await Self.with { installation, a, _ in
            let lock = try await a.lock().number, key = try await Self.sharedKey(a, [lock])
            for _ in 0..<3 { #expect(try await Self.open(a, key, 1, attempt: "same").status == 303) }
            #expect(try await a.commands(lock).filter { $0 == "unlock" }.count == 1)
            #expect(try await a.history(lock).filter { $0["type"] == "TempKeyUsed" }.count == 1)
            #expect(try await Self.open(a, key, 1, attempt: "another").status == 303)
            #expect(try await a.history(lock).filter { $0["type"] == "TempKeyUsed" }.count == 2)
        }
    }

    @Test func `unknown links are slowed down, known ones open all the same`() async throws {
        try await Self.with { _, a, _ in
            let key = try await Self.sharedKey(a, [try await a.lock().number])
            func tried() async throws -> Reply { try await a.call("GET", "/temp-keys/\(UUID().uuidString)", as: []) }
            for _ in 0..<60 { #expect(try await tried().status == 404) }
            #expect(try await tried().status == 429)
            let refused = try await Self.open(a, UUID().uuidString, 1)
            #expect(
                refused.status == 429 && refused.headers["retry-after"].flatMap { Int($0) }.map { (1...61).contains($0) } == true,
                "\(refused)")
            #expect(try await Self.open(a, key, 1).status == 303)
        }
    }

    @Test func `a UUID is the same in either case`() async throws {
        try await Self.with { installation, a, _ in
            let lock = try await a.lock().number, id = UUID().uuidString, end = (Installation.now + .seconds(600)).json
            func make(_ uuid: String) async throws -> Int {
                let body: JSON = [
                    "tempKeyUuid": .string(uuid), "accessMode": "public", "validFrom": Installation.now.json, "validUntil": end,
                ]
                return try await a.call("POST", "/locks/\(lock)/create-temp-key", body).status
            }
            #expect(try await make(id) == 200)
            #expect(try await make(id.lowercased()) == 400)
            #expect(try await a.call("POST", "/locks/\(lock)/delete-temp-key", ["tempKeyUuid": .string(id.lowercased())]).status == 200)
            #expect(try await Self.open(a, id, 1).status >= 400)
        }
    }

    @Test func `ids that look alike are two`() async throws {
        try await Self.with { installation, a, _ in
            let lock = try await a.lock().number
            for key in ["caf\u{E9}", "cafe\u{301}"] {
                #expect(try await a.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)]).status == 200)
            }
            #expect(try await a.history(lock).filter { $0["type"] == "KeyAdded" }.count == 2)
            #expect(try await a.call("POST", "/locks/\(lock)/RemoveKey", ["keyUuid": "caf\u{E9}"]).status == 200)
            let removed = try await a.history(lock).first { $0["type"] == "KeyRemoved" }?["event"]?["keyUuid"]?.text
            #expect(removed.map { Array($0.utf8) } == Array("caf\u{E9}".utf8))
        }
    }
}
