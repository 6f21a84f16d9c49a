import CMosquitto
import Synchronization
import Waiting

/// A connection to a broker, using libmosquitto: MQTT 5, its own network thread, automatic reconnects.
public final class MQTTClient: Sendable {
    private let connection: Connection

    /// Throws only when the library cannot be set up, for example because a certificate cannot be read.
    public init(_ settings: MQTTSettings, handlers: MQTTHandlers) throws { connection = try Connection(settings, handlers) }

    /// Starts to connect in the background, and keeps trying: at once, then after 1 s, growing to 5 s. To be called once.
    public func connect() { connection.start() }

    public var isConnected: Bool { connection.state.withLock { $0.isConnected } }

    /// Subscribes to topics without waiting for the broker's answer. A denied subscription gives no error.
    public func subscribe(_ topics: [String]) {
        for topic in topics { mosquitto_subscribe(connection.handle, nil, topic, 1) }
        connection.wake()
    }

    /// Publishes with QoS 1 and waits for the acknowledgement.
    /// - Parameter lifetime: how long the broker keeps the message (MQTT 5 §3.3.2.3.3); whole seconds, rounded up.
    /// - Parameter sent: called when the library has accepted the message, before the acknowledgement.
    /// - Returns: the reason code: 0, or 0x10 when there are no matching subscribers (MQTT 5 §3.4.2.1).
    public func publish(
        _ topic: String, _ payload: [UInt8], retain: Bool = false, lifetime: Duration? = nil, timeout: Duration = .seconds(3),
        sent: () -> Void = {}
    )
        async throws -> Int
    {
        guard isConnected else { throw MQTTFailure.notConnected }
        let id = try queue(topic, payload, retain, lifetime)
        connection.wake()
        sent()
        let acknowledgement = OneShot<Int>()
        let known: Result<Int, any Error>? = connection.state.withLock { state in
            if let reason = state.early.removeValue(forKey: id) { return .success(reason) }
            guard state.isConnected else { return .failure(MQTTFailure.lost) }
            state.waiting[id] = acknowledgement
            return nil
        }
        if let known { acknowledgement.settle(known) }
        defer { connection.state.withLock { _ = $0.waiting.removeValue(forKey: id) } }
        let reason = try await acknowledgement.value(within: timeout, or: MQTTFailure.timedOut, isCancellable: false)
        guard reason < 0x80 else { throw MQTTFailure.refused(reason: reason) }
        return reason
    }

    private func queue(_ topic: String, _ payload: [UInt8], _ retain: Bool, _ lifetime: Duration?) throws -> Int32 {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if let lifetime {
            let seconds = max(1, lifetime.components.seconds + (lifetime.components.attoseconds > 0 ? 1 : 0))
            mosquitto_property_add_int32(&properties, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), UInt32(clamping: seconds))
        }
        var id: Int32 = 0
        let code = mosquitto_publish_v5(connection.handle, &id, topic, Int32(payload.count), payload, 1, retain, properties)
        switch code {
        case MOSQ_ERR_SUCCESS.rawValue: return id
        case MOSQ_ERR_NO_CONN.rawValue, MOSQ_ERR_CONN_LOST.rawValue: throw MQTTFailure.notConnected
        default: throw MQTTFailure.invalid(String(cString: mosquitto_strerror(code)))
        }
    }

    /// Ends the connection, drops its pending messages and waits, for at most a second, until the broker has been told.
    public func close() { connection.end(isWaiting: true) }

    deinit { connection.end(isWaiting: false) }
}
