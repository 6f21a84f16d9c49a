public import Kernel

/// A subscription to messages whose effects commit together with its checkpoint.
public struct Reaction: Sendable {
    /// The name of the subscription; its checkpoint is stored under it.
    public let name: String
    /// The modules whose outboxes it reads.
    public let sources: [String]
    /// The names of the messages it receives; nil for all.
    public let names: Set<String>?
    /// The number of lease holders among which the streams are divided, 1 to 64.
    public let partitions: Int
    public let react: @Sendable (Envelope) async throws -> Changes
    /// The view that this reaction maintains; a rebuild truncates it and replays the retained outbox.
    public let view: String?
    /// Filters a whole batch first and leaves out messages that need no reaction.
    public let prefilter: @Sendable ([Envelope]) async throws -> [Envelope]

    public init(
        _ name: String, from sources: [String], hears names: Set<String>? = nil, partitions: Int = 1, view: String? = nil,
        prefilter: @escaping @Sendable ([Envelope]) async throws -> [Envelope] = { $0 },
        react: @escaping @Sendable (Envelope) async throws -> Changes
    ) {
        self.name = name
        self.sources = sources
        self.names = names
        self.partitions = partitions
        self.view = view
        (self.prefilter, self.react) = (prefilter, react)
    }
}

/// The reaction to messages of one kind.
public struct Handler: Sendable {
    /// The module that publishes them.
    public let module: String
    public let names: Set<String>
    let react: @Sendable (Envelope) async throws -> Changes

    private init(_ module: String, _ names: Set<String>, _ react: @escaping @Sendable (Envelope) async throws -> Changes) {
        self.module = module
        self.names = names
        self.react = react
    }

    /// Handles an event that another module publishes.
    public static func on<E: PublishedEvent>(_ event: E.Type, _ react: @escaping @Sendable (E, Envelope) async throws -> Changes) -> Handler
    {
        Handler(E.module, [E.name]) { try await react(E.decode($0), $0) }
    }

    /// Handles a message that is not an event of an aggregate.
    public static func on<F: PublishedMessage>(_ fact: F.Type, _ react: @escaping @Sendable (F, Envelope) async throws -> Changes)
        -> Handler
    {
        Handler(F.module, [F.name]) { try await react(F($0), $0) }
    }

    /// Handles the module's own events with these names.
    public static func on(own names: Set<String>, of module: String, _ react: @escaping @Sendable (Envelope) async throws -> Changes)
        -> Handler
    {
        Handler(module, names, react)
    }
}

extension Reaction {
    /// Creates a subscription to messages of several kinds, received in the order of each stream.
    public init(_ name: String, partitions: Int = 1, view: String? = nil, _ handlers: Handler...) {
        let sources = handlers.map(\.module).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        self.init(name, from: sources, hears: handlers.reduce(into: []) { $0.formUnion($1.names) }, partitions: partitions, view: view) {
            envelope in
            var changes = Changes.none
            for handler in handlers where handler.module == envelope.source && handler.names.contains(envelope.name) {
                changes.append(try await handler.react(envelope))
            }
            return changes
        }
    }
}
