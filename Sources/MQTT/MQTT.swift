import CMosquitto
import Dispatch
import Synchronization
import Waiting

/// How to reach a broker.
public struct MQTTSettings: Sendable {
    public var host: String
    public var port: Int
    public var clientID: String
    public var user: String?
    public var password: String?
    /// Whether TLS is used; the certificate and key files are optional then.
    public var isSecure = false
    public var authorityFile: String?
    public var certificateFile: String?
    public var keyFile: String?
    /// How long the broker keeps the session after a disconnect; zero for no session.
    public var sessionExpiry = Duration.zero
    public var will: MQTTWill?

    public init(host: String, port: Int, clientID: String) {
        self.host = host
        self.port = port
        self.clientID = clientID
    }
}

/// A message received from the broker.
public struct MQTTMessage: Sendable {
    public let topic: String
    public let payload: [UInt8]
    /// Whether this is a retained message, which the broker delivers to new subscribers (MQTT 5 §3.3.1.3).
    public let isRetained: Bool
}

/// The message that the broker publishes for a client whose connection ends without a DISCONNECT (MQTT 5 §3.1.2.5).
public struct MQTTWill: Sendable {
    public let topic: String
    public let payload: [UInt8]
    public init(topic: String, payload: [UInt8]) { (self.topic, self.payload) = (topic, payload) }
}

/// Callbacks of a connection, called on its network thread; they must not block.
public struct MQTTHandlers: Sendable {
    public var connected: @Sendable () -> Void
    public var disconnected: @Sendable () -> Void
    public var received: @Sendable (MQTTMessage) -> Void

    public init(
        connected: @escaping @Sendable () -> Void = {}, disconnected: @escaping @Sendable () -> Void = {},
        received: @escaping @Sendable (MQTTMessage) -> Void = { _ in }
    ) {
        self.connected = connected
        self.disconnected = disconnected
        self.received = received
    }
}

public enum MQTTFailure: Error, Sendable, Equatable {
    /// The message was not sent.
    case notConnected
    /// The connection broke before the acknowledgement; the broker may have the message.
    case lost
    /// The broker did not acknowledge in time; it may have the message.
    case timedOut
    /// An MQTT 5 reason code of 0x80 or more.
    case refused(reason: Int)
    /// The library, or the broker's limit on packets, rejects this message; others pass.
    case invalid(String)
    case library(String)
}

/// A connection to a broker, using libmosquitto: MQTT 5, its own network thread, automatic reconnects.
///
/// `@unchecked Sendable`: libmosquitto's client may be used from any thread once its loop runs; our own state is guarded by a mutex.
public final class MQTTClient: @unchecked Sendable {
    private struct State {
        var isConnected = false
        var isClosed = false
        var waiting: [Int32: OneShot<Int>] = [:]
        /// Acknowledgements that arrived before their publish call returned.
        var early: [Int32: Int] = [:]
    }
    private let handle: OpaquePointer
    /// Starts and stops the network thread, one after the other.
    private let lifecycle = DispatchQueue(label: "mqtt-lifecycle")
    private let state = Mutex(State())
    private let handlers: MQTTHandlers
    /// The limit of acknowledgements kept for publish calls that have not returned; more would be a fault of the library.
    private static let maxEarly = 4_096

    /// Starts to connect and keeps retrying in the background; blocks the calling thread. Throws only when the library cannot be set up.
    init(_ settings: MQTTSettings, handlers: MQTTHandlers) throws {
        _ = Self.initialised
        self.handlers = handlers
        guard let handle = mosquitto_new(settings.clientID, settings.sessionExpiry == .zero, nil) else {
            throw MQTTFailure.library("out of memory")
        }
        self.handle = handle
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_reconnect_delay_set(handle, 1, 5, false)
        mosquitto_max_inflight_messages_set(handle, 200)
        mosquitto_username_pw_set(handle, settings.user, settings.password)
        if settings.isSecure {
            try check(
                mosquitto_tls_set(
                    handle, settings.authorityFile, settings.authorityFile == nil ? "/etc/ssl/certs" : nil, settings.certificateFile,
                    settings.keyFile, nil)
            )
        }
        if let will = settings.will {
            try check(mosquitto_will_set_v5(handle, will.topic, Int32(will.payload.count), will.payload, 1, true, nil))
        }
        setCallbacks()
        try connect(settings)
        try check(mosquitto_loop_start(handle))
    }

    private static let initialised = mosquitto_lib_init()

    private func check(_ code: Int32) throws {
        guard code == MOSQ_ERR_SUCCESS.rawValue else { throw MQTTFailure.library(String(cString: mosquitto_strerror(code))) }
    }

    private func connect(_ settings: MQTTSettings) throws {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        let expiry = settings.sessionExpiry.components.seconds
        if expiry > 0 { mosquitto_property_add_int32(&properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), UInt32(expiry)) }
        // The properties are kept for later connects; the loop retries when the broker is unreachable.
        _ = mosquitto_connect_bind_v5(handle, settings.host, Int32(settings.port), 15, nil, properties)
    }

    private func setCallbacks() {
        mosquitto_connect_v5_callback_set(handle) { _, context, reason, _, _ in MQTTClient.from(context).didConnect(Int(reason)) }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, reason, _ in MQTTClient.from(context).didDisconnect(Int(reason)) }
        mosquitto_publish_v5_callback_set(handle) { _, context, id, reason, _ in MQTTClient.from(context).didPublish(id, Int(reason)) }
        mosquitto_message_v5_callback_set(handle) { _, context, message, _ in
            guard let message = message?.pointee, let topic = message.topic else { return }
            let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            MQTTClient.from(context).handlers.received(
                MQTTMessage(topic: String(cString: topic), payload: Array(payload), isRetained: message.retain))
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> MQTTClient {
        Unmanaged<MQTTClient>.fromOpaque(context!).takeUnretainedValue()
    }

    public var isConnected: Bool { state.withLock { $0.isConnected } }

    private func didConnect(_ reason: Int) {
        guard reason == 0 else { return revive() }
        state.withLock { $0.isConnected = true }
        handlers.connected()
    }

    /// - Parameter reason: an error of the library, or the reason code of the broker's DISCONNECT (MQTT 5 §3.14.2.1).
    private func didDisconnect(_ reason: Int) {
        drop()
        if reason >= 0x80 || Self.fatal.contains(reason) { revive() }
    }

    /// Errors upon which the library does not try again.
    private static let fatal = Set([MOSQ_ERR_PROTOCOL, MOSQ_ERR_TLS, MOSQ_ERR_AUTH, MOSQ_ERR_ACL_DENIED].map { Int($0.rawValue) })

    /// Connects again, after a while, unless the library has: after a refusal, or a DISCONNECT of the broker, some of its versions give up
    /// and end the network thread, and others go on by themselves.
    private func revive() {
        lifecycle.asyncAfter(deadline: .now() + 2) { [weak self] in
            guard let self, state.withLock({ !$0.isClosed && !$0.isConnected }) else { return }
            mosquitto_loop_stop(handle, true)
            _ = mosquitto_reconnect_async(handle)
            _ = mosquitto_loop_start(handle)
            // If this is the last reference, closing would wait for this queue.
            DispatchQueue.global().async { withExtendedLifetime(self) {} }
        }
    }

    private func drop() {
        let waiting = state.withLock { state in
            defer { state.isConnected = false; state.waiting = [:]; state.early = [:] }
            return state.waiting
        }
        for reason in waiting.values { reason.settle(.failure(MQTTFailure.lost)) }
        handlers.disconnected()
    }

    private func didPublish(_ id: Int32, _ reason: Int) {
        let awaited = state.withLock { state -> OneShot<Int>? in
            if let awaited = state.waiting.removeValue(forKey: id) { return awaited }
            if state.early.count >= Self.maxEarly { state.early.removeAll() }
            state.early[id] = reason
            return nil
        }
        awaited?.settle(.success(reason))
    }

    /// Subscribes to topics without waiting for the broker's answer. A denied subscription gives no error.
    public func subscribe(_ topics: [String]) {
        for topic in topics { mosquitto_subscribe(handle, nil, topic, 1) }
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
        sent()
        let acknowledgement = OneShot<Int>()
        let known: Result<Int, any Error>? = state.withLock { state in
            if let reason = state.early.removeValue(forKey: id) { return .success(reason) }
            guard state.isConnected else { return .failure(MQTTFailure.lost) }
            state.waiting[id] = acknowledgement
            return nil
        }
        if let known { acknowledgement.settle(known) }
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: id) } }
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
        let code = mosquitto_publish_v5(handle, &id, topic, Int32(payload.count), payload, 1, retain, properties)
        switch code {
        case MOSQ_ERR_SUCCESS.rawValue: return id
        case MOSQ_ERR_NO_CONN.rawValue, MOSQ_ERR_CONN_LOST.rawValue: throw MQTTFailure.notConnected
        default: throw MQTTFailure.invalid(String(cString: mosquitto_strerror(code)))
        }
    }

    /// Closes the connection, drops its pending messages and waits for the network thread.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        lifecycle.sync {
            _ = mosquitto_disconnect(handle)
            _ = mosquitto_loop_stop(handle, true)
        }
        drop()
    }

    /// Runs only when there is no reference left through which to publish.
    deinit {
        close()
        mosquitto_destroy(handle)
    }
}
