import Database
import Foundation
import Kernel
import KernelTesting
import Synchronization
import Testing

/// Something that is true or not, as the test says.
final class Switchable: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set(_ now: Bool = true) { value.withLock { $0 = now } }
}

/// What happens when something dies.
@Suite(.serialized) struct FaultTests {
    static var kills: Int { ProcessInfo.processInfo.environment["SPKEY_TEST_KILLS"].flatMap(Int.init) ?? 3 }

    /// Adds keys until it is told to stop; a request that fails is repeated with its Idempotency-Key. Answers the acknowledged keys.
    static func load(_ partner: Partner, _ lock: Int, until isOver: Switchable) async -> [String] {
        var acknowledged: [String] = [], number = 0
        while !isOver.isSet {
            number += 1
            let key = "key-\(number)"
            while true {
                let reply = try? await partner.call(
                    "POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)], headers: [("Idempotency-Key", "\(lock)-\(key)")])
                if reply?.status == 200 { break }
                if let reply, ![409, 502, 503].contains(reply.status) { Issue.record("\(reply)"); return acknowledged }
                try? await Task.sleep(for: .milliseconds(30))
            }
            acknowledged.append(key)
        }
        return acknowledged
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `what was acknowledged survives kill -9, once`(layout: Layout)
        async throws
    {
        try await Installation.with(layout) { installation in
            try await WebhookReceiver.with { sink in
                let partner = try await Partner(installation)
                try await partner.subscribe(sink.url("all"))
                var locks: [Int] = []
                for _ in 0..<6 { locks.append(try await partner.lock().number) }
                let isOver = Switchable()
                let loads = locks.map { lock in Task { await Self.load(partner, lock, until: isOver) } }
                for _ in 0..<Self.kills {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 150...600)))
                    try await installation.killAndRestart()
                }
                isOver.set()
                var stored = Set<String>()
                for (lock, load) in zip(locks, loads) {
                    let acknowledged = await load.value
                    let keys = try await partner.history(lock).compactMap { $0["event"]?["keyUuid"]?.text }
                    #expect(
                        Set(keys) == Set(acknowledged) && keys.count == acknowledged.count,
                        "lock \(lock): \(Set(keys).symmetricDifference(acknowledged)) of \(keys.count) and \(acknowledged.count)")
                    stored.formUnion(keys.map { "\(lock) \($0)" })
                }
                let isDelivered = try await eventually(within: .seconds(60)) {
                    let told = sink.all("all").filter { $0.name == "KeyAdded" }.compactMap { delivery -> String? in
                        guard let lock = delivery.detail["data"]?["lockId"]?.integer, let key = delivery.detail["data"]?["keyUuid"]?.text
                        else { return nil }
                        return "\(lock) \(key)"
                    }
                    return Set(told) == stored
                }
                #expect(isDelivered)
                #expect(try await installation.spkey("verify") == "The event log is sound.")
            }
        }
    }

    @Test func `endpoints that hang, drip, redirect, break or fail delay no other`() async throws {
        let dripping = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 200 OK\r\nX-Drip: ", to: connection)
            for _ in 0..<60 { RawServer.say("x", to: connection); sleep(1) }
        }
        let redirecting = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", to: connection)
        }
        let breaking = try RawServer { connection in
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        defer { for server in [dripping, redirecting, breaking] { server.stop() } }
        try await Installation.with(.sqlite) { installation in
            try await WebhookReceiver.with { sink in
                let partner = try await Partner(installation)
                sink.answer("slow", after: .seconds(30))
                sink.answer("broken", with: 500)
                let urls =
                    ["slow", "broken", "good"].map { sink.url($0) } + [
                        dripping.url, redirecting.url, breaking.url, "http://127.0.0.1:9/nobody",
                    ]
                for url in urls { try await partner.subscribe(url) }
                let lock = try await partner.lock()
                for number in 0..<20 {
                    _ = try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": .string("k\(number)")])
                }
                let arrived = try await eventually(within: .seconds(4)) { sink.all("good").filter { $0.name == "KeyAdded" }.count == 20 }
                #expect(arrived)
                #expect(sink.all("good").filter { $0.name == "KeyAdded" }.compactMap { $0.detail["version"]?.integer } == Array(2...21))
                #expect(sink.all("slow").count <= 4)
                // A redirect is a refusal for good, the rest is tried again.
                var last = ""
                let listed = try await eventually(within: .seconds(20)) {
                    let webhooks = try await partner.asStaff("GET", "/tenants/\(partner.org)/webhooks").body["webhooks"]?.items ?? []
                    func error(_ url: String) -> String { webhooks.first { $0["url"] == .string(url) }?["lastError"]?.text ?? "" }
                    last = [redirecting, dripping, breaking].map { error($0.url) }.joined(separator: " | ")
                    return error(redirecting.url) == "status 302" && error(dripping.url) == "no answer within 5 s"
                        && !error(breaking.url).isEmpty
                }
                #expect(listed, "\(last)")
            }
        }
    }
}

/// What happens when the database dies, freezes, or keeps its last word to itself.
@Suite(.serialized, .enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server")) struct DatabaseFaultTests {
    /// Asks for ten seconds while the database is away: every answer is a 503, none takes longer than `limit`.
    func isAway(_ partner: Partner, _ lock: Int, answersWithin limit: Duration) async throws {
        let gone = ContinuousClock.now
        while gone.duration(to: .now) < .seconds(10) {
            let asked = ContinuousClock.now
            let reply = try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "while-away"])
            #expect(reply.status == 503 && reply.headers["retry-after"] != nil, "\(reply)")
            #expect(asked.duration(to: .now) < limit)
            try await Task.sleep(for: .milliseconds(500))
        }
        let ready = try await partner.call("GET", "/readyz")
        #expect(ready.status == 503, "\(ready)")
    }

    func comesBack(_ partner: Partner, _ lock: Int, _ sink: WebhookReceiver) async throws {
        let resumes = try await eventually(within: .seconds(15)) {
            try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "after"]).status == 200
        }
        #expect(resumes)
        let keys = try await partner.history(lock).compactMap { $0["event"]?["keyUuid"]?.text }
        // What was answered with an unknown outcome may have happened, once, and may be recorded only now.
        #expect(keys.count { $0 == "after" } == 1 && keys.count { $0 != "after" } <= 1, "\(keys)")
        let isTold = try await eventually(within: .seconds(15)) { sink.all("all").contains { $0.detail["data"]?["keyUuid"] == "after" } }
        #expect(isTold)
    }

    @Test func `a database that stops costs 503s, and all goes on by itself when it is back`() async throws {
        try await OwnPostgres.with { postgres in
            try await Installation.with(.postgres, settings: ["SPKEY_DATABASE_URL": postgres.url]) { installation in
                try await WebhookReceiver.with { sink in
                    let partner = try await Partner(installation)
                    try await partner.subscribe(sink.url("all"))
                    let lock = try await partner.lock().number
                    try await postgres.stop()
                    try await isAway(partner, lock, answersWithin: .seconds(6))
                    try await postgres.start()
                    try await comesBack(partner, lock, sink)
                    #expect(try await partner.history(lock).compactMap { $0["type"]?.text } == ["LockCreated", "KeyAdded"])
                    // Frozen, not gone: connections stand, nothing answers.
                    try await postgres.signalAll(SIGSTOP)
                    try await isAway(partner, lock, answersWithin: .seconds(17))
                    try await postgres.signalAll(SIGCONT)
                    try await comesBack(partner, lock, sink)
                }
            }
        }
    }

    @Test(.postgres(connections: 1)) func `a command whose commit was not confirmed has one effect when it is repeated`() async throws {
        let address = TestDatabase.address
        let port = try #require(URLComponents(string: address)?.port)
        // The array of event types in the statement that stores events.
        let proxy = try CuttingProxy(to: port, mark: #"{"KeyAdded"}"#)
        defer { proxy.stop() }
        try await Installation.with(
            .postgres, settings: ["SPKEY_DATABASE_URL": address.replacing(":\(port)/", with: ":\(proxy.port)/")]
        ) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock().number, key = [(name: "Idempotency-Key", value: "once")]
            proxy.isArmed.set(true)
            let lost = try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "k"], headers: key)
            #expect(lost.status == 503 && lost.body["error"] == "OutcomeUnknown", "\(lost)")
            #expect(!proxy.isArmed.isSet)
            let isAnswered = try await eventually {
                try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "k"], headers: key).status == 200
            }
            #expect(isAnswered)
            #expect(try await partner.history(lock).compactMap { $0["type"]?.text } == ["LockCreated", "KeyAdded"])
        }
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `a secret that was made and not told is told by the repeat`(
        layout: Layout
    ) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), once = [(name: "Idempotency-Key", value: "once")]
            func repeated(_ path: String, _ body: JSON) async throws -> JSON {
                try await installation.killAndRestart(["SPKEY_CRASH_AT": "commit-after@partners"])
                let lost = try? await partner.asStaff("POST", path, body, headers: once)
                #expect(lost?.status != 201)
                try await installation.server.wait()
                try await installation.restart()
                let told = try await partner.asStaff("POST", path, body, headers: once)
                #expect(told.status == 201 && told.headers["idempotent-replayed"] == "true", "\(told)")
                return told.body
            }
            let key = try await repeated("/api-keys/\(partner.org)/rotate", [:])["apiKey"]?.text
            let asTenant = [(name: "X-API-Key", value: try #require(key))]
            #expect(try await partner.call("GET", "/locks/1/details", as: asTenant).status == 404)
            let webhook = try await repeated("/tenants/\(partner.org)/webhooks", ["url": "http://127.0.0.1:9/hook"])
            #expect(webhook["secret"]?.text?.hasPrefix("whsec_") == true)
            let all = try await partner.asStaff("GET", "/tenants/\(partner.org)/webhooks").body["webhooks"]?.items ?? []
            #expect(all.map { $0["id"] } == [webhook["webhookId"]])
        }
    }

    @Test(.postgres(connections: 2)) func `a subscription goes to another process when its holder is stopped, and stays there`()
        async throws
    {
        let database = TestDatabase.current, address = TestDatabase.address
        try await Installation.with(.five, settings: ["SPKEY_DATABASE_URL": address]) { installation in
            try await WebhookReceiver.with { sink in
                let partner = try await Partner(installation)
                try await partner.subscribe(sink.url("all"))
                let lock = try await partner.lock().number, spare = try Installation.freePort()
                try installation.serve(["partners"], on: spare)
                try await installation.ready(spare)
                func holder() async throws -> Int? {
                    let row = try await database.read(
                        "SELECT holder FROM partners.checkpoints WHERE subscription = 'partners-fan-out' AND source = 'access'"
                    ).first
                    return try row?.find("holder", as: String.self)?.split(separator: ":").last.flatMap { Int($0) }
                }
                let first = try #require(try await holder())
                #expect(first != spare)
                let stopped = try #require(installation.program(on: first))
                stopped.signal(SIGSTOP)
                let isTaken = try await eventually(within: .seconds(5)) { try await holder() == spare }
                #expect(isTaken)
                #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "during"]).status == 200)
                let isTold = try await eventually { sink.all("all").contains { $0.detail["data"]?["keyUuid"] == "during" } }
                #expect(isTold)
                stopped.signal(SIGCONT)
                let knows = try await eventually {
                    (try? String(contentsOf: installation.log(first), encoding: .utf8))?.contains("taken over by another process")
                        == true
                }
                #expect(knows)
                #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "after"]).status == 200)
                let isToldAgain = try await eventually { sink.all("all").contains { $0.detail["data"]?["keyUuid"] == "after" } }
                #expect(isToldAgain)
                #expect(try await holder() == spare)
                let told = sink.all("all").filter { $0.name == "KeyAdded" }.compactMap { $0.body["id"]?.text }
                #expect(told.count == 2 && Set(told).count == 2)
            }
        }
    }
}
