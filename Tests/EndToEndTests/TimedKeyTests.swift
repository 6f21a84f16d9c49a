import Foundation
import Kernel
import KernelTesting
import Testing

/// Keys that count for a time only, and what becomes of keys when something happens to their holders.
@Suite(.serialized) struct TimedKeyTests {
    @Test(arguments: Layout.testable) func `a key counts within its time and is on the device within its time`(layout: Layout) async throws
    {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), user = try await partner.user(), person = try await partner.signedIn(user)
            let lock = try await partner.lock().number, start = Installation.now + .seconds(3), end = start + .seconds(4)
            func opens() async throws -> Int { try await partner.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status }
            func sees() async throws -> Int { try await partner.call("GET", "/locks/\(lock)/details", as: person).status }
            let body: JSON = ["keyUuid": "k", "userId": .string(user), "validFrom": start.json, "validUntil": end.json]
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", body).status == 200)
            #expect(try await (opens(), sees()) == (403, 403))
            #expect(try await partner.commands(lock).isEmpty)
            if layout != .five { try await installation.killAndRestart() }
            let counts = try await eventually { try await sees() == 200 }
            #expect(counts && Installation.now >= start)
            #expect(try await opens() == 200)
            let isThere = try await eventually { try await partner.commands(lock).contains("add_key") }
            #expect(isThere)
            let isOver = try await eventually { try await sees() == 403 }
            #expect(isOver && Installation.now >= end)
            #expect(try await opens() == 403)
            let isGone = try await eventually { try await partner.commands(lock).filter { $0 != "unlock" } == ["add_key", "remove_key"] }
            #expect(isGone)
            // The key stays in the lock's list, and its story is told by the lock as the contract has it.
            let history = try await partner.history(lock).compactMap { $0["type"]?.text }
            #expect(history == ["LockCreated", "KeyAdded", "LockOpenRequested"])
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test func `hours are checked, and all problems told`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number
            func add(_ more: JSON.Object) async throws -> Reply {
                try await partner.call("POST", "/locks/\(lock)/AddKey", .object((["keyUuid": "k"] as JSON.Object).merging(more)))
            }
            let hours: JSON.Object = ["timeZone": "Europe/Athens", "days": ["monday"], "from": "09:00", "to": "17:00"]
            let bad = try await add(["validFrom": "tomorrow", "schedule": .object(hours.merging(["from": "9", "days": []]))])
            #expect(bad.status == 400)
            for field in ["validFrom", "schedule.days", "schedule.from"] {
                #expect(bad.body.encoded.contains(field), "\(bad.body.encoded)")
            }
            #expect(try await add(["schedule": .object(hours.merging(["timeZone": "Mars/Olympus"]))]).status == 400)
            #expect(try await add(["validUntil": (Installation.now - .seconds(5)).json]).status == 400)
            #expect(try await add(["schedule": .object(hours)]).status == 200)
            #expect(try await add(["schedule": .object(hours)]).body["event"] == .null)
            #expect(try await add([:]).status == 400)
            #expect(try await partner.history(lock).count == 2)
        }
    }

    @Test func `what only the other kind of temporary key understands is refused, not swallowed`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation), lock = Int64(try await partner.lock().number)
            let window: JSON.Object = ["validFrom": Installation.now.json, "validUntil": (Installation.now + .seconds(60)).json]
            func make(_ path: String, _ body: JSON.Object) async throws -> Reply {
                try await partner.call("POST", path, .object(window.merging(body)))
            }
            let doors: JSON.Object = ["doors": [["lockId": .int(lock)]]]
            for path in ["/temp-keys", "/collective-temp-keys"] {
                let limited = try await make(path, doors.merging(["maxUses": 1, "accessMode": "user-whitelist", "allowedUserIds": ["u"]]))
                #expect(limited.status == 400)
                for field in ["maxUses", "accessMode", "allowedUserIds"] {
                    #expect(limited.body.encoded.contains(field), "\(limited.body)")
                }
                #expect(
                    try await make(path, doors.merging(["maxUses": .null, "accessMode": "public", "allowedUserIds": []])).status == 201)
            }
            let own: JSON.Object = ["tempKeyUuid": .string(UUID().uuidString), "accessMode": "public"]
            #expect(try await make("/locks/\(lock)/create-temp-key", own.merging(doors)).status == 400)
            #expect(try await make("/locks/\(lock)/create-temp-key", own).status == 200)
        }
    }

    @Test(arguments: Layout.testable) func `a key that is taken away before its time never comes`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number, now = Installation.now
            #expect(
                try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "k", "validFrom": (now + .seconds(60)).json]).status
                    == 200)
            let removed = try await partner.call("POST", "/locks/\(lock)/RemoveKey", ["keyUuid": "k"])
            #expect(removed.status == 200, "\(removed)")
            let isOver = try await eventually {
                let runs = try await partner.asStaff("GET", "/admin/workflows").body
                return runs.encoded.contains("timed-key-workflow") && !runs.encoded.contains("\"queued\"")
                    && !runs.encoded.contains("\"running\"")
            }
            #expect(isOver)
            #expect(try await partner.commands(lock) == ["remove_key"])
        }
    }

    @Test(arguments: Layout.testable) func `a suspended person's keys leave the devices and come back`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), user = try await partner.user(), person = try await partner.signedIn(user)
            let lock = try await partner.lock().number, other = try await partner.lock().number
            func add(_ lock: Int, _ more: JSON.Object = [:]) async throws {
                let body: JSON.Object = (["keyUuid": "k", "userId": .string(user)] as JSON.Object).merging(more)
                #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", .object(body)).status == 200)
            }
            try await add(lock)
            #expect(try await partner.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status == 200)
            #expect(try await partner.call("POST", "/users/\(user)/SuspendUser", ["reason": "lost phone"]).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status == 403)
            #expect(try await partner.call("GET", "/locks/\(lock)/details", as: person).status == 403)
            // At a page that everybody with the link may see, they are nobody.
            let window: JSON.Object = [
                "validFrom": (Installation.now - .seconds(60)).json, "validUntil": (Installation.now + .seconds(600)).json,
            ]
            let made = try await partner.call("POST", "/temp-keys", .object(window.merging(["doors": [["lockId": .string("\(other)")]]])))
            let guest = "/temp-keys/\(try #require(made.body["uuid"]?.text))"
            #expect(try await partner.call("GET", guest, as: person).status == 200)
            #expect(try await partner.call("POST", "\(guest)/open", [:], as: person).status == 403)
            #expect(try await partner.call("GET", "/temp-keys/not-a-key", as: person).status == 404)
            let hasLeft = try await eventually { try await partner.commands(lock).last == "remove_key" }
            #expect(hasLeft)
            // A key that a suspended person is given waits until the suspension ends.
            try await add(other)
            #expect(try await partner.commands(other).isEmpty)
            #expect(try await partner.call("POST", "/users/\(user)/ReactivateUser").status == 200)
            let isBack = try await eventually {
                let first = try await partner.commands(lock), second = try await partner.commands(other)
                return first == ["add_key", "unlock", "remove_key", "add_key"] && second == ["add_key"]
            }
            #expect(isBack)
            #expect(try await partner.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status == 200)
            #expect(
                try await partner.history(lock).compactMap { $0["type"]?.text } == [
                    "LockCreated", "KeyAdded", "LockOpenRequested", "LockOpenRequested",
                ])
        }
    }

    @Test(arguments: Layout.testable) func `a wallet key that its holder has no more leaves every lock`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), user = try await partner.user()
            let prepared = try await partner.call("POST", "/users/\(user)/AddWalletKey", ["walletType": "APPLE", "keyIndex": 1])
            let key = try #require(prepared.body["keyId"]?.text)
            let locks = [try await partner.lock().number, try await partner.lock().number, try await partner.lock().number]
            for lock in locks.prefix(2) {
                #expect(
                    try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key), "userId": .string(user)]).status
                        == 200)
            }
            #expect(
                try await partner.call("POST", "/locks/\(locks[2])/AddKey", ["keyUuid": "another", "userId": .string(user)]).status == 200)
            #expect(
                try await partner.call("POST", "/users/\(user)/RemoveWalletKey", ["keyId": .string(key), "reason": "lost"]).status == 200)
            let areGone = try await eventually {
                for lock in locks.prefix(2) where try await partner.history(lock).last?["type"] != "KeyRemoved" { return false }
                return true
            }
            #expect(areGone)
            for lock in locks.prefix(2) { #expect(try await partner.commands(lock) == ["add_key", "remove_key"]) }
            #expect(try await partner.history(locks[2]).count == 2)
        }
    }

    @Test(arguments: [Layout.sqlite, .postgres].filter(Layout.testable.contains)) func `views over others' facts are heard anew`(
        layout: Layout
    ) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number
            let suspended = try await partner.user(), free = try await partner.user()
            for user in [suspended, free] {
                #expect(try await partner.call("POST", "/users/\(user)/SuspendUser", ["reason": "r"]).status == 200)
            }
            #expect(try await partner.call("POST", "/users/\(free)/ReactivateUser").status == 200)
            try await installation.server.end(SIGKILL)
            let said = try await installation.spkey("rebuild", "--modules", "access")
            #expect(said.hasPrefix("access: 1 streams replayed, 2 subscriptions"))
            try await installation.restart()
            for (user, key) in [(suspended, "s"), (free, "f")] {
                let isKnown = try await eventually {
                    _ = try await partner.call("POST", "/locks/\(lock)/RemoveKey", ["keyUuid": .string(key)])
                    let before = try await partner.commands(lock).filter { $0 == "add_key" }.count
                    #expect(
                        try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key), "userId": .string(user)]).status
                            == 200)
                    return try await (partner.commands(lock).filter { $0 == "add_key" }.count == before) == (user == suspended)
                }
                #expect(isKnown)
            }
        }
    }

    @Test func `a key with an end opens, and gives no key without one`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation), user = try await partner.user(), person = try await partner.signedIn(user)
            let lock = try await partner.lock().number
            let limited: JSON = ["keyUuid": "k", "userId": .string(user), "validUntil": (Installation.now + .seconds(600)).json]
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", limited).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock)/OpenLock", [:], as: person).status == 200)
            let lasting: JSON = ["keyUuid": "mine", "userId": .string(user)]
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", lasting, as: person).status == 403)
            #expect(try await partner.call("POST", "/locks/\(lock)/BulkAddKeys", ["keys": [lasting]], as: person).status == 403)
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", lasting).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "guest"], as: person).status == 200)
        }
    }
}
