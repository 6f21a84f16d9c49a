public import Kernel

/// The way to hubs and back. Live sides: MQTT, and inside the process with a simulator.
public struct HubLink: Sendable {
    /// Something a thing has sent.
    public enum Inbound: Sendable, Equatable {
        case shadow(ThingName, shadow: String?, verb: Verb, payload: [UInt8])
        case presence(ThingName, online: Bool)
        /// The link is up again: what was missed must be offered anew.
        case connected
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
            (self.thing, self.shadow, self.tail, self.payload, self.lifetime) = (thing, shadow, tail, payload, lifetime)
        }
    }

    /// What became of a message.
    public enum Delivery: Sendable, Equatable {
        /// The broker has it, and somebody listens.
        case taken
        /// The broker has it, but nobody listens now.
        case unheard
    }

    /// The link is down, or the message was refused or not taken in time.
    public struct Down: Error, Sendable {
        public init() {}
    }

    /// Opens the link and listens until cancelled. The receiver answers false when it cannot take any more now.
    public let listen: @Sendable (_ receive: @escaping @Sendable (Inbound) -> Bool) async throws -> Void
    /// Hands a message over and waits until it is taken. Throws `Down`; what was given up then is never sent later.
    public let publish: @Sendable (Outbound) async throws -> Delivery
    public let isUp: @Sendable () -> Bool

    public init(
        listen: @escaping @Sendable (@escaping @Sendable (Inbound) -> Bool) async throws -> Void,
        publish: @escaping @Sendable (Outbound) async throws -> Delivery, isUp: @escaping @Sendable () -> Bool
    ) {
        (self.listen, self.publish, self.isUp) = (listen, publish, isUp)
    }
}
