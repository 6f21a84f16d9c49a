import DevicesContracts
public import Kernel
public import MQTT
import Synchronization

/// Simulates the hubs of some buildings on a real broker: announces them and answers the commands for every thing behind them.
public final class HubSimulator: Sendable {
    private let topics: Topics
    private let clock: @Sendable () -> Timestamp
    private let behaviour: SimulatedBehaviour
    private let things = Mutex<[ThingName: SimulatedThing]>([:])
    private let client = Mutex<MQTTClient?>(nil)

    public init(topicPrefix: String, behaviour: SimulatedBehaviour, clock: @escaping @Sendable () -> Timestamp) {
        topics = Topics(prefix: topicPrefix)
        self.behaviour = behaviour
        self.clock = clock
    }

    /// Connects and answers for every thing on the broker until cancelled.
    /// - Parameters:
    ///   - hubs: names to announce as hubs.
    ///   - nodes: attributes of Matter nodes by thing name, keyed `endpoint/cluster/attribute`.
    public func run(_ settings: MQTTSettings, hubs: [String], nodes: [String: JSON]) async throws {
        let made = try MQTTClient(
            settings,
            handlers: MQTTHandlers(
                connected: { [weak self] in Task { await self?.announce(hubs, nodes) } },
                received: { [weak self] message in Task { await self?.hear(message.topic, message.payload) } }))
        client.withLock { $0 = made }
        made.connect()
        defer { Task.detached { made.close() } }
        // Each hub has its own connection, whose last will reports it offline however the simulator ends.
        var presences: [MQTTClient] = []
        for hub in hubs { presences.append(try presence(of: ThingName(hub), settings)) }
        defer { Task.detached { [presences] in for presence in presences { presence.close() } } }
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private func presence(of hub: ThingName, _ settings: MQTTSettings) throws -> MQTTClient {
        var own = settings
        own.clientID = "\(settings.clientID)-\(hub)"
        own.will = MQTTWill(topic: Topics.presence(hub), payload: (["online": false, "at": clock().json] as JSON).bytes)
        let connection = HubConnection()
        let made = try MQTTClient(own, handlers: MQTTHandlers(connected: { [clock] in connection.announce(hub, clock()) }))
        connection.hold(made)
        made.connect()
        return made
    }

    private func announce(_ hubs: [String], _ nodes: [String: JSON]) async {
        guard let client = client.withLock({ $0 }) else { return }
        client.subscribe(["\(topics.prefix)/+/shadow/name/+/update/delta", "\(topics.prefix)/+/shadow/name/+/get/accepted"])
        for hub in hubs {
            let name = ThingName(hub)
            let report: JSON = ["online": true, "version": "simulator", "last_seen": .int(clock().milliseconds), "uptime_seconds": 0]
            await say(topics.topic(name, "hub_state", "update"), ["state": ["reported": report]])
        }
        for (thing, attributes) in nodes { await report(ThingName(thing), attributes, behind: hubs.first ?? "simulator") }
    }

    /// Reports a node's identity and its state in separate shadows, as the bridge in a hub does.
    private func report(_ thing: ThingName, _ attributes: JSON, behind hub: String) async {
        let node = SimulatedNode(attributes), info = node.info(of: thing, behind: hub), state = node.state
        await say(topics.topic(thing, "device_info", "update"), ["state": ["reported": .object(info)]])
        await say(topics.topic(thing, "device_state", "update"), ["state": ["reported": .object(state)]])
    }

    private func hear(_ topic: String, _ payload: [UInt8]) async {
        let parts = topic.dropFirst(topics.prefix.count + 1).split(separator: "/").map(String.init)
        guard topic.hasPrefix(topics.prefix), parts.count == 6, let document = try? JSON.parse(payload, depth: 64) else { return }
        let name = ThingName(parts[0]), tail = parts[4] + "/" + parts[5]
        let answer = things.withLock { things in
            var thing = things[name] ?? SimulatedThing(behaviour)
            defer { things[name] = thing }
            return thing.hear(tail: tail, document, at: clock())
        }
        guard let answer else { return }
        try? await Task.sleep(for: behaviour.delay)
        for _ in 0..<(behaviour.saysTwice ? 2 : 1) { await say(topics.topic(name, parts[3], "update"), answer) }
    }

    private func say(_ topic: String, _ payload: JSON, retain: Bool = false) async {
        guard let client = client.withLock({ $0 }) else { return }
        _ = try? await client.publish(topic, payload.bytes, retain: retain)
    }
}

/// The connection on which a hub announces its presence.
private final class HubConnection: Sendable {
    private let client = Mutex<MQTTClient?>(nil)

    func hold(_ made: MQTTClient) { client.withLock { $0 = made } }

    func announce(_ hub: ThingName, _ now: Timestamp) {
        guard let client = client.withLock({ $0 }) else { return }
        Task { _ = try? await client.publish(Topics.presence(hub), (["online": true, "at": now.json] as JSON).bytes, retain: true) }
    }
}
