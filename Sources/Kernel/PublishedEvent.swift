/// An event that other modules may rely on. Contracts declare what of it is promised; the module's own events write it.
public protocol PublishedEvent: Sendable, Equatable {
    /// The module that publishes it.
    static var module: String { get }
    static var form: PublishedForm<Self> { get }
}

/// What of an event other modules may read.
public struct PublishedForm<Event: Sendable>: Sendable {
    public let name: String
    private let read: @Sendable (StoredEvent, inout Reading) -> Event?

    /// - Parameters:
    ///   - members: what is promised, in the order of `make`'s parameters.
    ///   - make: the event from the values of its members.
    public init<each Value>(_ name: String, members: Members<repeat each Value>, make: @escaping @Sendable (repeat each Value) -> Event) {
        self.name = name
        read = members.reading(make)
    }

    func decode(_ envelope: Envelope) throws(EventDecodingError) -> Event {
        let stored = StoredEvent(
            stream: envelope.stream, version: envelope.version, wire: EventData(name, envelope.data), at: envelope.at, org: nil)
        var reading = Reading(from: .storage)
        guard let event = read(stored, &reading) else { throw EventDecodingError(event: name, problems: reading.problems) }
        return event
    }
}

extension PublishedEvent {
    public static var name: String { form.name }

    /// - Throws: `EventDecodingError` for data that lacks what is promised; the subscription stops there.
    public static func decode(_ envelope: Envelope) throws -> Self { try form.decode(envelope) }
}

/// What a reaction does about messages of one kind.
public struct Handler: Sendable {
    /// The module that sends them.
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

    /// Handles a message that is no event of an aggregate.
    public static func on<F: PublishedMessage>(_ fact: F.Type, _ react: @escaping @Sendable (F, Envelope) async throws -> Changes)
        -> Handler
    {
        Handler(F.module, [F.name]) { try await react(F($0), $0) }
    }

    /// Handles the module's own events of some names.
    public static func on(own names: Set<String>, of module: String, _ react: @escaping @Sendable (Envelope) async throws -> Changes)
        -> Handler
    {
        Handler(module, names, react)
    }
}

extension Reaction {
    /// A subscription to messages of several kinds, in the order in which each stream has them.
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
