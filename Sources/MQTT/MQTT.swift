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
