import DevicesContracts
import Foundation
import Kernel
import KernelTesting
import MQTT
import Synchronization
import Testing

@testable import HubBridge

/// A broker of the test's own, which it may stop.
final class Broker: Sendable {
    let port: Int
    private let folder: URL
    private let program = Mutex<Program?>(nil)

    init(in folder: URL) throws { (self.folder, port) = (folder, try Installation.freePort()) }

    func start() throws {
        let file = folder.appending(path: "mosquitto.conf")
        try Data("listener \(port) 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n".utf8).write(to: file)
        let started = try Program("/usr/sbin/mosquitto", ["-c", file.path], output: folder.appending(path: "mosquitto.log"))
        program.withLock { $0 = started }
    }

    func stop() async throws {
        let running = program.withLock { program in
            defer { program = nil }
            return program
        }
        try await running?.end(SIGKILL)
    }

    var url: String { "mqtt://127.0.0.1:\(port)" }
}

/// A device on the broker: writes down what it hears on a thing's command shadow.
final class Device: Sendable {
    private let heard = Mutex<[(tail: String, payload: JSON)]>([])
    private let thing = Mutex(SimulatedThing())
    private let answers: Bool
    private let client = Mutex<MQTTClient?>(nil)
    private let prefix: String

    /// - Parameter answers: whether it carries out what it hears, and says so.
    init(_ broker: Broker, _ thing: String, shadow: String = "command", answers: Bool = false) async throws {
        self.answers = answers
        prefix = "$aws/things/\(thing)/shadow/name/\(shadow)/"
        let made = try MQTTClient(
            MQTTSettings(host: "127.0.0.1", port: broker.port, clientID: "device-\(thing)"),
            handlers: MQTTHandlers(
                connected: { [weak self] in self?.subscribe() },
                received: { [weak self] message in
                    guard let self, message.topic.hasPrefix(prefix), let json = try? JSON.parse(message.payload, depth: 64) else { return }
                    take(String(message.topic.dropFirst(prefix.count)), json)
                }))
        client.withLock { $0 = made }
        made.connect()
    }

    private func take(_ tail: String, _ payload: JSON) {
        heard.withLock { $0.append((tail, payload)) }
        guard answers, let answer = thing.withLock({ $0.hear(tail: tail, payload, at: Installation.now) }) else { return }
        Task { try await say("update", answer) }
    }

    /// The ids of the commands it has carried out; for an unlock, one for each time the door opened.
    var opens: [String] { thing.withLock { $0.done } }

    private func subscribe() {
        client.withLock { $0 }?.subscribe(
            ["update/delta", "update/documents", "get/accepted", "get/rejected", "update/accepted"].map { prefix + $0 })
    }

    func say(_ tail: String, _ payload: JSON) async throws {
        let client = client.withLock { $0 }
        _ = try await eventually { client?.isConnected == true }
        _ = try await client?.publish(prefix + tail, payload.bytes)
    }
    func all(_ tail: String) -> [JSON] { heard.withLock { $0 }.filter { $0.tail == tail }.map(\.payload) }

    func acknowledge(_ command: JSON, error: String? = nil, result: JSON? = nil) async throws {
        let answer: JSON = [
            "message_id": command["message_id"], "command": command["command"], "status": error == nil ? "ok" : "error",
            "error": error.map(JSON.string), "result": result,
        ]
        try await say("update", ["state": ["reported": ["lastCommand": answer]]])
    }

    func presence(_ isOnline: Bool) async throws {
        let client = client.withLock { $0 }, thing = prefix.split(separator: "/")[2]
        _ = try await eventually { client?.isConnected == true }
        _ = try await client?.publish("spk/things/\(thing)/presence", (["online": .bool(isOnline)] as JSON).bytes, retain: true)
    }

    func close() { client.withLock { $0 }?.close() }
}

@Suite(.serialized) struct DeviceTests {
    /// An installation on a broker of its own.
    static func with(
        _ layout: Layout = .sqlite, settings: [String: String] = [:],
        _ body: @escaping @Sendable (Installation, Broker, Partner) async throws -> Void
    )
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let broker = try Broker(in: folder)
        try broker.start()
        do {
            try await Installation.with(layout, settings: settings.merging(["SPKEY_MQTT_URL": broker.url]) { $1 }) { installation in
                try await body(installation, broker, try await Partner(installation))
            }
        } catch {
            try await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    @Test func `a broker that is away costs a 502, and nothing is stored`() async throws {
        try await Self.with { installation, broker, partner in
            let lock = try await partner.lock(), stopped = ContinuousClock.now
            try await broker.stop()
            let isRefused = try await eventually { try await partner.call("POST", "/locks/\(lock.number)/OpenLock").status == 502 }
            #expect(isRefused)
            let before = try await partner.history(lock.number).count
            while stopped.duration(to: .now) < .seconds(10) {
                let asked = ContinuousClock.now
                #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 502)
                #expect(asked.duration(to: .now) < .seconds(4))
                #expect(try await partner.call("GET", "/readyz").status == 503)
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(try await partner.history(lock.number).count == before)
            try broker.start()
            let resumes = try await eventually(within: .seconds(20)) {
                try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 200
            }
            #expect(resumes)
        }
    }

    @Test func `the oldest open command is offered again until it is answered`() async throws {
        try await Self.with { installation, broker, partner in
            let lock = try await partner.lock()
            for key in ["a", "b"] {
                #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": .string(key)]).status == 200)
            }
            let device = try await Device(broker, lock.uuid)
            defer { device.close() }
            for key in ["a", "b"] {
                let isShown = try await eventually {
                    try await device.say("get", [:])
                    return device.all("get/accepted").last?["state"]?["desired"]?["args"]?["key_uuid"] == .string(key)
                }
                #expect(isShown)
                if let command = device.all("get/accepted").last?["state"]?["desired"] { try await device.acknowledge(command) }
            }
            let isEmpty = try await eventually {
                try await device.say("get", [:])
                return device.all("get/accepted").last?["state"]?["desired"] == nil
            }
            #expect(isEmpty)
        }
    }

    @Test func `a lock that was offline never opens late, also when the server died in between`() async throws {
        try await Self.with { installation, broker, partner in
            let lock = try await partner.lock()
            let opened = try await partner.call("POST", "/locks/\(lock.number)/OpenLock")
            let action = try #require(opened.headers["x-action-id"])
            let asked = ContinuousClock.now
            try await installation.server.end(SIGKILL)
            // The command dies while nobody is there to end it.
            try await Task.sleep(until: asked + .seconds(31))
            try await installation.killAndRestart()
            let device = try await Device(broker, lock.uuid)
            defer { device.close() }
            let isEnded = try await eventually { try await partner.call("GET", "/actions/\(action)").body["error"]?["type"] == "Expired" }
            #expect(isEnded)
            try await device.say("get", [:])
            let hasAnswer = try await eventually { !device.all("get/accepted").isEmpty }
            #expect(hasAnswer)
            let shown = ["get/accepted", "update/delta", "update/documents"].flatMap { device.all($0) }.map(\.encoded)
            #expect(shown.allSatisfy { !$0.contains("\"desired\":{\"message_id\":\"\(action)\"") })
            #expect(device.all("update/delta").isEmpty)
        }
    }

    @Test(arguments: Layout.testable) func `a lock that a Matter device stands for hears both commands, and the open is told once`(
        layout: Layout
    ) async throws {
        try await Self.with(layout) { installation, broker, partner in
            let lock = try await partner.lock(), device: JSON = .string(lock.uuid)
            let made = try await partner.call(
                "POST", "/matter-devices/\(lock.uuid)/CreateMatterDevice",
                ["deviceId": device, "thingName": device, "hubId": "hub", "deviceType": "lock"])
            #expect(made.status == 201, "\(made)")
            let door = try await Device(broker, lock.uuid)
            defer { door.close() }
            try await WebhookReceiver.with { sink in
                try await partner.subscribe(sink.url("all"))
                let action = try #require(try await partner.call("POST", "/locks/\(lock.number)/OpenLock").headers["x-action-id"])
                func command(_ name: String) -> JSON? {
                    door.all("update/delta").compactMap { $0["state"] }.first { $0["command"]?.text == name }
                }
                let hasHeardBoth = try await eventually { command("unlock") != nil && command("device_command") != nil }
                #expect(hasHeardBoth)
                for name in ["device_command", "unlock"] { try await door.acknowledge(try #require(command(name))) }
                let isDone = try await eventually { try await partner.call("GET", "/actions/\(action)").body["status"] == "success" }
                #expect(isDone)
                let isTold = try await eventually { sink.all("all").contains { $0.name == "LockOpened" } }
                #expect(isTold)
                #expect(Set(sink.all("all").filter { $0.name == "LockOpened" }.map { $0.body["id"] }).count == 1)
                #expect(try await partner.call("GET", "/actions/\(action)").body["result"]?["late"] == nil)
            }
        }
    }

    @Test func `the link comes back however many connections are open`() async throws {
        // Hundreds of connections, so that the broker's socket gets a descriptor that `select` could not watch (1,024 and more).
        try await Self.with(settings: ["SPKEY_TRUSTED_PROXIES": "127.0.0.1/32"]) { installation, broker, partner in
            try raiseLimitOfOpenFiles()
            let lock = try await partner.lock()
            try await broker.stop()
            let clients = try (0..<1_100).map { _ in try RawClient(port: installation.port) }
            let isDown = try await eventually { try await partner.call("GET", "/readyz").status == 503 }
            #expect(isDown)
            try broker.start()
            let opens = try await eventually(within: .seconds(20)) {
                try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]).status == 200
            }
            #expect(opens)
            withExtendedLifetime(clients) {}
        }
    }

    @Test func `connections beyond the limit wait until others are closed`() async throws {
        try await Installation.with(.sqlite, settings: ["SPKEY_HTTP_CONNECTIONS": "16", "SPKEY_TRUSTED_PROXIES": "127.0.0.1/32"]) {
            installation in
            // The accepting loop takes a few at a time, so the limit is exceeded by a handful at most.
            let held = Mutex(try (0..<64).map { _ in try RawClient(port: installation.port) })
            let late = try RawClient(port: installation.port)
            late.say("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try await late.untilClosed(within: .seconds(1)) == nil)
            held.withLock { $0 = [] }
            #expect(try await late.untilClosed(within: .seconds(10))?.hasPrefix("HTTP/1.1 200") == true)
        }
    }

    @Test func `a request that the broker has kept is none, a sign of life is`() {
        let topics = Topics(prefix: "$aws/things")
        for verb in ["update", "delete", "get"] {
            #expect(topics.inbound("$aws/things/t/shadow/name/door/\(verb)", [], isRetained: true) == nil)
            #expect(topics.inbound("$aws/things/t/shadow/name/door/\(verb)", [], isRetained: false) != nil)
        }
        let presence = topics.inbound("spk/things/t/presence", Array(#"{"online":true}"#.utf8), isRetained: true)
        #expect(presence == .presence("t", HubLink.SignOfLife(isOnline: true)))
        for topic in [
            "$aws/things/a+b/shadow/update", "$aws/things//shadow/update", "$aws/things/t/shadow/name/a/b/update",
            "$aws/things/t/shadow/name/a/nothing",
        ] {
            #expect(topics.inbound(topic, [], isRetained: false) == nil, "\(topic)")
        }
    }
}
