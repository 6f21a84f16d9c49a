public import Kernel

/// The way to hubs and back. Live sides: MQTT, and inside the process with a simulator.
public struct HubLink: Port {
    public static let title = "device link"
    public var isReady: Bool { isUp() }

    /// Something a thing has sent.
    public enum Inbound: Sendable, Equatable {
        case shadow(ThingName, shadow: String?, verb: Verb, payload: [UInt8])
        case presence(ThingName, SignOfLife)
        /// The link is up again: what was missed must be offered anew.
        case connected
    }
    /// What a thing, or its last will, says of whether it is there.
    public struct SignOfLife: Sendable, Equatable {
        public let isOnline: Bool
        /// When, by the thing's own clock: for a will when it was registered. Nil where it does not say.
        public let saidAt: Timestamp?
        public init(isOnline: Bool, saidAt: Timestamp? = nil) { (self.isOnline, self.saidAt) = (isOnline, saidAt) }
    }
    public enum Verb: String, Sendable, CaseIterable { case get, update, delete }

    /// Something for a thing.
    public struct Outbound: Sendable, Equatable {
        public let thing: ThingName
        public let shadow: String?
        /// `update/delta`, `get/accepted` …
        public let tail: String
        public let payload: [UInt8]
        /// After this span the broker drops it.
        public let lifetime: Duration?
        public init(thing: ThingName, shadow: String?, tail: String, payload: [UInt8], lifetime: Duration? = nil) {
            self.thing = thing
            self.shadow = shadow
            self.tail = tail
            self.payload = payload
            self.lifetime = lifetime
        }
    }

    /// What became of a message.
    public enum Delivery: Sendable, Equatable {
        /// The broker has it, and somebody listens.
        case taken
        /// The broker has it, but nobody listens now.
        case unheard
    }

    /// The message has not left and never will: the link is down, or the broker refused the message.
    public struct Down: Error, Sendable {
        public init() {}
    }

    /// The message may have left: nobody has acknowledged it in time, or the connection broke under it.
    public struct Unknown: Error, Sendable {
        public init() {}
    }

    /// Opens the link and listens until cancelled. The receiver answers false when it cannot take any more now.
    public let listen: @Sendable (_ receive: @escaping @Sendable (Inbound) -> Bool) async throws -> Void
    /// Hands a message over and waits until it is taken. Throws `Down` or `Unknown`; what was given up then is never sent later.
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
    /// The characters of AWS's thing names: letters, digits and `:_-`. Others would change the meaning of a topic.
    public static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ":_-".utf8.contains(byte)
        }
    }

    /// Whether a thing may have a name: 1 to 128 of the allowed characters.
    public var isThingName: Bool { (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isAllowed) }
}
