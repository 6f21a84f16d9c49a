public import Kernel

/// The port to the hubs, in both directions. Implementations: MQTT, and an in-process simulator.
public struct HubLink: Port {
    public static let title = "device link"
    public var isReady: Bool { isUp() }

    /// A message from a thing, or an event of the link.
    public enum Inbound: Sendable, Equatable {
        case shadow(ThingName, shadow: String?, verb: Verb, payload: [UInt8])
        case presence(ThingName, SignOfLife)
        /// The link is up again; messages that may have been missed must be offered again.
        case connected
    }
    /// A presence message of a thing, or its last will.
    public struct SignOfLife: Sendable, Equatable {
        public let isOnline: Bool
        /// The time by the thing's own clock; for a last will, when it was registered. Nil if the message does not state it.
        public let saidAt: Timestamp?
        public init(isOnline: Bool, saidAt: Timestamp? = nil) { (self.isOnline, self.saidAt) = (isOnline, saidAt) }
    }
    public enum Verb: String, Sendable, CaseIterable, Codable { case get, update, delete }

    /// A message to a thing.
    public struct Outbound: Sendable, Equatable {
        public let thing: ThingName
        public let shadow: String?
        /// The end of the topic: `update/delta`, `get/accepted` …
        public let tail: String
        public let payload: [UInt8]
        /// The broker drops the message after this time.
        public let lifetime: Duration?
        public init(thing: ThingName, shadow: String?, tail: String, payload: [UInt8], lifetime: Duration? = nil) {
            self.thing = thing
            self.shadow = shadow
            self.tail = tail
            self.payload = payload
            self.lifetime = lifetime
        }
    }

    /// How the broker accepted a message.
    public enum Delivery: Sendable, Equatable {
        /// The broker accepted it and has a subscriber for it.
        case taken
        /// The broker accepted it, but has no subscriber for it now.
        case unheard
    }

    /// The message was not sent and never will be: the link is down, or the broker refused the message.
    public struct Down: Error, Sendable {
        public init() {}
    }

    /// The message may have been sent: it was not acknowledged in time, or the connection broke meanwhile.
    public struct Unknown: Error, Sendable {
        public init() {}
    }

    /// Opens the link and listens until cancelled. `receive` returns false when it cannot take more messages now.
    public let listen: @Sendable (_ receive: @escaping @Sendable (Inbound) -> Bool) async throws -> Void
    /// Publishes a message and waits for its acknowledgement. Throws `Down` or `Unknown`; a failed message is never sent later.
    public let publish: @Sendable (Outbound) async throws -> Delivery
    public let isUp: @Sendable () -> Bool

    public init(
        listen: @escaping @Sendable (@escaping @Sendable (Inbound) -> Bool) async throws -> Void,
        publish: @escaping @Sendable (Outbound) async throws -> Delivery, isUp: @escaping @Sendable () -> Bool
    ) {
        self.listen = listen
        self.publish = publish
        self.isUp = isUp
    }
}

extension ThingName {
    /// Whether AWS allows a character in thing names: letters, digits and `:_-`. Other characters would change the meaning of a topic.
    public static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ":_-".utf8.contains(byte)
        }
    }

    /// Whether this is a valid thing name: 1 to 128 of the allowed characters.
    public var isThingName: Bool { (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isAllowed) }
}
