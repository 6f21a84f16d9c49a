import Foundation
import HubBridge
import Kernel

/// The simulation that `spkey simulate` runs.
public struct Simulation: Sendable {
    public var hubs = 1
    public var locksPerHub = 0
    /// A folder of Matter node dumps in the form of python-matter-server.
    public var nodes: String?
    public var delay = Duration.milliseconds(20)
    public var isOffline = false
    public var saysTwice = false
    public var refusal: String?
    public init() {}

    /// Runs until cancelled. The ids of hubs and locks are derived from their numbers, so that every run simulates the same building.
    public func run(_ settings: Settings, announce: (String) -> Void) async throws {
        guard let broker = try settings.broker(clientID: "spkey-simulator-\(UUIDText.fresh(at: Clocks.wall()))") else {
            throw ConfigurationError("SPKEY_MQTT_URL must be set to simulate hubs on a broker")
        }
        var behaviour = SimulatedBehaviour()
        behaviour.delay = delay
        behaviour.isOffline = isOffline
        behaviour.saysTwice = saysTwice
        behaviour.refusal = refusal
        let names = (0..<hubs).map { Self.id("hub", $0) }
        for (number, hub) in names.enumerated() {
            announce("hub \(hub)")
            for lock in 0..<locksPerHub { announce("  lock \(Self.id("lock", number * locksPerHub + lock))") }
        }
        let dumps = try loadNodes()
        for thing in dumps.keys.sorted() { announce("node \(thing)") }
        try await HubSimulator(topicPrefix: settings.topicPrefix, behaviour: behaviour, clock: Clocks.wall).run(
            broker, hubs: names, nodes: dumps)
    }

    private static func id(_ kind: String, _ number: Int) -> String {
        let text = String(number, radix: 16)
        return "00000000-\(kind == "hub" ? "4b0b" : "4c0c")-8000-8000-" + String(repeating: "0", count: 12 - text.count) + text
    }

    private func loadNodes() throws -> [String: JSON] {
        guard let nodes else { return [:] }
        var found: [String: JSON] = [:]
        for (number, file) in try FileManager.default.contentsOfDirectory(atPath: nodes).filter({ $0.hasSuffix(".json") }).sorted()
            .enumerated()
        {
            let dump = try JSON.parse(Array(try Data(contentsOf: URL(filePath: nodes).appending(path: file))), depth: 64)
            guard let attributes = dump["attributes"] else {
                throw ConfigurationError("\(file) is no Matter node dump: it has no attributes")
            }
            found[Self.id("node", number + 0xE000)] = attributes
        }
        return found
    }
}
