public import DevicesContracts
import Kernel
public import MQTT
import Synchronization

/// The link to hubs over an MQTT broker.
public final class MQTTLink: Sendable {
    private struct State {
        var client: MQTTClient?
        var isSubscribed = false
        var receive: (@Sendable (HubLink.Inbound) -> Bool)?
    }
    private let settings: MQTTSettings
    private let topics: Topics
    private let state = Mutex(State())
    private let sent: @Sendable () -> Void

    /// - Parameter sent: called when a message has been sent, before the broker has acknowledged it.
    public init(_ settings: MQTTSettings, topicPrefix: String, sent: @escaping @Sendable () -> Void = {}) {
        self.settings = settings
        topics = Topics(prefix: topicPrefix)
        self.sent = sent
    }

    public var port: HubLink {
        HubLink(
            listen: { [self] in try await listen($0) }, publish: { [self] in try await publish($0) },
            isUp: { [self] in state.withLock { $0.isSubscribed } })
    }

    private func listen(_ receive: @escaping @Sendable (HubLink.Inbound) -> Bool) async throws {
        state.withLock { $0.receive = receive }
        defer { shut() }
        try open()
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private func open() throws {
        let client = try MQTTClient(
            settings,
            handlers: MQTTHandlers(
                connected: { [weak self] in self?.connected() },
                disconnected: { [weak self] in self?.state.withLock { $0.isSubscribed = false } },
                received: { [weak self] message in self?.received(message) }))
        let isWanted = state.withLock { state in
            guard state.receive != nil else { return false }
            state.client = client
            return true
        }
        if isWanted { client.connect() }
    }

    private func connected() {
        guard let client = state.withLock({ $0.client }) else { return }
        client.subscribe(topics.subscriptions)
        let receive = state.withLock { state in
            state.isSubscribed = true
            return state.receive
        }
        _ = receive?(.connected)
    }

    private func received(_ message: MQTTMessage) {
        guard let inbound = topics.inbound(message.topic, message.payload, isRetained: message.isRetained) else { return }
        _ = state.withLock { $0.receive }?(inbound)
    }

    private func publish(_ message: HubLink.Outbound) async throws -> HubLink.Delivery {
        guard let client = state.withLock({ $0.isSubscribed ? $0.client : nil }) else { throw HubLink.Down() }
        do {
            let reason = try await client.publish(
                topics.topic(message.thing, message.shadow, message.tail), message.payload, lifetime: message.lifetime, sent: sent)
            return reason == 0 ? .taken : .unheard
        } catch MQTTFailure.timedOut, MQTTFailure.lost {
            // It may be on its way, and the library would send it again after a reconnect, however late.
            discard(client)
            throw HubLink.Unknown()
        } catch is MQTTFailure {
            // Only this message failed, or the link is already down; the client is kept because it still works for other messages.
            throw HubLink.Down()
        }
    }

    /// Closes the failed client and opens a new one. libmosquitto keeps unsent messages and would send them later; closing the client
    /// discards them. Another task may already have replaced the client.
    private func discard(_ failed: MQTTClient) {
        let isCurrent = state.withLock { state in
            guard state.client === failed else { return false }
            (state.client, state.isSubscribed) = (nil, false)
            return true
        }
        guard isCurrent else { return }
        Task.detached { [self] in
            failed.close()
            while state.withLock({ $0.receive != nil && $0.client == nil }) {
                do { try open() } catch { try await Task.sleep(for: .seconds(1)) }
            }
        }
    }

    private func shut() {
        let client = state.withLock { state in
            defer { state = State() }
            return state.client
        }
        if let client { Task.detached { client.close() } }
    }
}
