/// A fact of a module that others may hear of, as it stands in the outbox.
public struct Envelope: Sendable, Equatable {
    /// Unique and stable: a repeated delivery carries the same one.
    public let id: String
    /// The module that published it.
    public let source: String
    /// The name of the event or message.
    public let name: String
    /// The order within one stream is kept.
    public let stream: StreamName
    /// How partners name the aggregate.
    public let subject: String
    /// The version of the aggregate after the event; 0 for a message that is no event.
    public let version: Int
    public let at: Timestamp
    /// The tenants that may see it, fixed when it was committed.
    public let audience: [OrgID]
    public let trace: Trace
    private let payload: Payload

    /// Most of what is read from an outbox concerns nobody who hears it: data is parsed where it is wanted.
    private enum Payload: Sendable, Equatable { case parsed(JSON.Object), text(String) }

    public var data: JSON.Object {
        switch payload {
        case .parsed(let object): object
        case .text(let text): (try? JSON.parse(text, depth: 64))?.members ?? [:]
        }
    }

    public init(
        id: String, source: String, name: String, stream: StreamName, subject: String, version: Int, at: Timestamp, audience: [OrgID],
        trace: Trace, data: JSON.Object
    ) {
        self.id = id
        self.source = source
        self.name = name
        self.stream = stream
        self.subject = subject
        self.version = version
        self.at = at
        self.audience = audience
        self.trace = trace
        payload = .parsed(data)
    }

    /// - Parameter text: the data as JSON text.
    public init(
        id: String, source: String, name: String, stream: StreamName, subject: String, version: Int, at: Timestamp, audience: [OrgID],
        trace: Trace, text: String
    ) {
        self.id = id
        self.source = source
        self.name = name
        self.stream = stream
        self.subject = subject
        self.version = version
        self.at = at
        self.audience = audience
        self.trace = trace
        payload = .text(text)
    }
}

/// A message that is published although it is no event of an aggregate.
public protocol PublishedMessage: Codable, Sendable {
    /// The module that publishes it.
    static var module: String { get }
    static var name: String { get }
    /// Facts of one stream are heard in order.
    var stream: StreamName { get }
}

extension PublishedMessage {
    /// The fact in an envelope; throws when the data has another shape.
    public init(_ envelope: Envelope) throws { self = try JSON.object(envelope.data).decoded() }
}

/// A request to another module that has one reply and a deadline.
public protocol Ask: Codable, Sendable {
    associatedtype Reply: Codable & Sendable
    static var name: String { get }
    /// The module that answers.
    static var module: String { get }
    /// How long the asker waits.
    static var timeout: Duration { get }
}

extension Ask {
    public static var timeout: Duration { .seconds(5) }
}

/// An ask and its way back, without their types.
public struct AskHandler: Sendable {
    public let name: String
    public let answer: @Sendable (JSON, AskContext) async throws -> JSON

    public init<A: Ask>(_ type: A.Type, _ answer: @escaping @Sendable (A, AskContext) async throws -> A.Reply) {
        name = A.name
        self.answer = { body, context in try JSON(encoding: await answer(try body.decoded(), context)) }
    }

    public init(_ name: String, _ answer: @escaping @Sendable (JSON) async throws -> JSON) {
        (self.name, self.answer) = (name, { body, _ in try await answer(body) })
    }
}

/// What travels with an ask besides its body.
public struct AskContext: Sendable, Equatable {
    public let trace: Trace
    /// After this moment the asker no longer waits; an effect must not be committed any more.
    public let deadline: Timestamp
    public init(trace: Trace, deadline: Timestamp) { (self.trace, self.deadline) = (trace, deadline) }
}

/// Why an ask has no reply.
public enum AskFailure: Error, Sendable, Equatable {
    /// Nobody answered in time: whether the effect happened is unknown.
    case timedOut(name: String)
    /// The module answered that it could not.
    case failed(name: String, message: String)
}

/// Hears messages and answers them with effects that commit together with the subscription's checkpoint.
public struct Reaction: Sendable {
    /// The name of the subscription; its checkpoint is kept under it.
    public let name: String
    /// The modules whose outboxes it reads.
    public let sources: [String]
    /// The messages it hears; nil for all.
    public let names: Set<String>?
    /// Among how many lease holders the streams are divided, 1 to 64.
    public let partitions: Int
    public let react: @Sendable (Envelope) async throws -> Changes
    /// The view this reaction maintains: a rebuild truncates it and replays the retained outbox.
    public let view: String?
    /// Looks at a whole batch first and leaves out what needs no reaction.
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
