import Foundation
import Kernel
import KernelTesting
import MQTT
import Synchronization

/// A mosquitto as an operator sets it up: nobody is let in without a name, and its plugin keeps the list of clients.
final class SecuredBroker: Sendable {
    let port: Int
    /// Where hubs with certificates connect.
    let securePort: Int
    let folder: URL
    private let program = Mutex<Program?>(nil)
    private static let password = "the-operators-password"

    init(in folder: URL) throws {
        self.folder = folder
        port = try Installation.freePort()
        securePort = try Installation.freePort()
    }

    var settings: [String: String] {
        [
            "SPKEY_MQTT_URL": "mqtt://operator:\(Self.password)@127.0.0.1:\(port)", "SPKEY_BROKER_ACCESS": "dynamic-security",
            "SPKEY_HUB_BROKER_URL": "mqtts://127.0.0.1:\(securePort)",
        ]
    }

    func file(_ name: String) -> String { folder.appending(path: name).path }

    /// Makes the authority, the broker's certificate and the list of clients, and starts it.
    func start() async throws {
        try await makeCertificates()
        _ = try await Program.run(
            "/usr/bin/mosquitto_ctrl", ["dynsec", "init", file("clients.json"), "operator", Self.password])
        let configuration = """
            per_listener_settings false
            allow_anonymous false
            plugin /usr/lib/\(Self.architecture)-linux-gnu/mosquitto_dynamic_security.so
            plugin_opt_config_file \(file("clients.json"))
            user root
            listener \(port) 127.0.0.1
            listener \(securePort) 127.0.0.1
            cafile \(file("ca.pem"))
            certfile \(file("broker.pem"))
            keyfile \(file("broker.key"))
            require_certificate true
            use_identity_as_username true

            """
        try Data(configuration.utf8).write(to: folder.appending(path: "mosquitto.conf"))
        let started = try Program("/usr/sbin/mosquitto", ["-c", file("mosquitto.conf")], output: folder.appending(path: "mosquitto.log"))
        program.withLock { $0 = started }
    }

    func stop() async throws {
        let running = program.withLock { program in
            defer { program = nil }
            return program
        }
        try await running?.end(SIGKILL)
    }

    private static var architecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }

    @discardableResult
    private func openssl(_ arguments: String...) async throws -> String { try await Program.run("/usr/bin/openssl", arguments) }

    private func makeCertificates() async throws {
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _ = try await Program.run(
            "/usr/bin/openssl",
            ["req", "-x509", "-subj", "/CN=Test authority", "-days", "2", "-keyout", file("ca.key"), "-out", file("ca.pem")] + curve)
        _ = try await Program.run(
            "/usr/bin/openssl", ["req", "-subj", "/CN=127.0.0.1", "-keyout", file("broker.key"), "-out", file("broker.csr")] + curve)
        try Data("subjectAltName=IP:127.0.0.1".utf8).write(to: folder.appending(path: "names"))
        try await openssl(
            "x509", "-req", "-in", file("broker.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2",
            "-extfile", file("names"), "-out", file("broker.pem"))
        _ = try await Program.run(
            "/usr/bin/openssl", ["req", "-subj", "/CN=any", "-keyout", file("hub.key"), "-out", file("hub.csr")] + curve)
    }

    /// Runs a test with an installation on a broker of its own.
    static func with(_ body: @escaping @Sendable (Installation, SecuredBroker, Partner) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-secured-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let broker = try SecuredBroker(in: folder)
        try await broker.start()
        do {
            try await Installation.with(.sqlite, settings: broker.settings) { installation in
                try await body(installation, broker, try await Partner(installation))
            }
        } catch {
            try await broker.stop()
            throw error
        }
        try await broker.stop()
    }
}

/// A client of the broker that writes down what it hears.
final class Listener: Sendable {
    private let heard = Mutex<[MQTTMessage]>([])
    private let isUp = Mutex(false)
    private let client = Mutex<MQTTClient?>(nil)
    private let topics: [String]

    /// - Parameter topics: what it subscribes to whenever it is connected.
    init(_ settings: MQTTSettings, hearing topics: [String] = []) async throws {
        self.topics = topics
        let made = try MQTTClient(
            settings,
            handlers: MQTTHandlers(
                connected: { [weak self] in
                    self?.isUp.withLock { $0 = true }
                    self?.subscribe()
                }, disconnected: { [weak self] in self?.isUp.withLock { $0 = false } },
                received: { [weak self] message in self?.heard.withLock { $0.append(message) } }))
        client.withLock { $0 = made }
        made.connect()
    }

    var isConnected: Bool { client.withLock { $0 }?.isConnected ?? false }
    var messages: [MQTTMessage] { heard.withLock { $0 } }
    private func subscribe() { client.withLock { $0 }?.subscribe(topics) }
    func close() { client.withLock { $0 }?.close() }

    /// Publishes; returns false when the broker refuses it.
    func say(_ topic: String, _ payload: [UInt8]) async throws -> Bool {
        do { _ = try await client.withLock { $0 }?.publish(topic, payload) } catch MQTTFailure.refused { return false }
        return true
    }

    func say(_ topic: String, _ payload: JSON) async throws -> Bool { try await say(topic, payload.bytes) }
}
