public import Kernel

/// The port to the broker's list of clients: which hubs may connect, and what each may say and hear there.
public struct BrokerAccess: Port {
    public static let title = "broker access"

    /// What a hub is let in with.
    public struct Grant: Sendable, Equatable {
        public let user: String
        public let password: String
        /// Whether the password replaces the one that the broker may know.
        public let isNew: Bool
        /// The things that it speaks for; it hears and says nothing about others.
        public let things: [ThingName]

        public init(user: String, password: String, isNew: Bool, things: [ThingName]) {
            self.user = user
            self.password = password
            self.isNew = isNew
            self.things = things
        }
    }

    /// The broker did not do it: it cannot be reached, or it refused.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }
    }

    /// Where hubs reach the broker: `mqtts://HOST:PORT`.
    public let address: String
    /// The certificates against which a hub checks the broker's, in PEM; nil for those that every system has.
    public let authority: String?
    /// Returns the topics that a grant for a thing covers.
    public let topics: @Sendable (ThingName) -> [String]
    /// Gives the platform's own client what it needs, and clients without a grant nothing. Throws `Failure`.
    public let prepare: @Sendable () async throws -> Void
    /// Lets a hub in with exactly this; repeated, it changes nothing. Throws `Failure`.
    public let admit: @Sendable (Grant) async throws -> Void
    /// Shuts a hub out and ends its connection. Throws `Failure`.
    public let shut: @Sendable (_ user: String) async throws -> Void

    public init(
        address: String, authority: String?, topics: @escaping @Sendable (ThingName) -> [String],
        prepare: @escaping @Sendable () async throws -> Void,
        admit: @escaping @Sendable (Grant) async throws -> Void, shut: @escaping @Sendable (String) async throws -> Void
    ) {
        self.address = address
        self.authority = authority
        self.topics = topics
        self.prepare = prepare
        self.admit = admit
        self.shut = shut
    }
}
