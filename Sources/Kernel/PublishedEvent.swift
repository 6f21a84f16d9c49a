/// An event that other modules may rely on. Contracts declare it; the module's own events write it.
public protocol PublishedEvent: Sendable, Equatable {
    /// The module that publishes it.
    static var module: String { get }
    static var name: String { get }
    /// Reads the event from what is stored: every member that it has must be there. Notes every problem and answers nil when there is one.
    static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> Self?
}

/// A stored event that does not have the form in which its contract declares it. The subscription stops at it.
public struct EventDecodingError: Error, Sendable, Equatable {
    public let event: String
    public let problems: [Problem]
}

extension PublishedEvent {
    public static func decode(_ envelope: Envelope) throws -> Self {
        var reading = Reading()
        guard let event = read(envelope.data, of: envelope.stream, &reading), reading.problems.isEmpty else {
            throw EventDecodingError(event: name, problems: reading.problems)
        }
        return event
    }
}

/// What a reaction does about messages of one kind.
public struct Handler: Sendable {
    /// The module that sends them.
    public let module: String
    public let names: Set<String>
    let react: @Sendable (Envelope) async throws -> Changes

    private init(_ module: String, _ names: Set<String>, _ react: @escaping @Sendable (Envelope) async throws -> Changes) {
        (self.module, self.names, self.react) = (module, names, react)
    }

    /// Handles an event that another module publishes.
    public static func on<E: PublishedEvent>(_ event: E.Type, _ react: @escaping @Sendable (E, Envelope) async throws -> Changes) -> Handler {
        Handler(E.module, [E.name]) { try await react(E.decode($0), $0) }
    }

    /// Handles a message that is no event of an aggregate.
    public static func on<F: Fact>(_ fact: F.Type, _ react: @escaping @Sendable (F, Envelope) async throws -> Changes) -> Handler {
        Handler(F.module, [F.name]) { try await react(F($0), $0) }
    }

    /// Handles the module's own events of some names.
    public static func on(own names: Set<String>, of module: String, _ react: @escaping @Sendable (Envelope) async throws -> Changes) -> Handler {
        Handler(module, names, react)
    }
}

extension Reaction {
    /// A subscription to messages of several kinds, in the order in which each stream has them.
    public init(_ name: String, partitions: Int = 1, view: String? = nil, _ handlers: Handler...) {
        let sources = handlers.map(\.module).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        self.init(name, from: sources, hears: handlers.reduce(into: []) { $0.formUnion($1.names) }, partitions: partitions, view: view) { envelope in
            var changes = Changes.none
            for handler in handlers where handler.module == envelope.source && handler.names.contains(envelope.name) {
                changes.append(try await handler.react(envelope))
            }
            return changes
        }
    }
}
