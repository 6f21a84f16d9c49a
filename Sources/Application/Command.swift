public import Kernel

/// A use case that changes one aggregate: the facts it needs, its decision and its effect.
public protocol Command: Sendable {
    associatedtype Target: Aggregate
    /// The facts that the decision needs besides the aggregate.
    associatedtype Facts: Sendable = NoFacts
    associatedtype Refusal: DomainError

    /// The id of the aggregate.
    var target: String { get }
    /// Whether the command may create its aggregate; otherwise a missing aggregate is refused.
    static var createsAggregate: Bool { get }
    /// The kind of refusal for a missing aggregate.
    static var refusalIfMissing: RefusalKind { get }

    /// Reads the facts, again for each attempt. Changes nothing; throws `RequestError` when the facts alone refuse the command.
    func facts(on snapshot: Snapshot<Target>, _ request: Request, _ services: Services) async throws -> Facts
    func decide(_ state: Target, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Target.Event]
    /// Returns the effect of the events. Also called when there are none; an external call is then made only if `callsWithoutEvents`.
    func effect(of events: [Target.Event], on snapshot: Snapshot<Target>, _ facts: Facts, _ request: Request, _ services: Services) throws
        -> Effect

    /// Returns the events with the id that the called party has given to what it made.
    func completed(_ events: [Target.Event], remoteID: String) -> [Target.Event]

    /// Returns the refusal when another stream holds a value that an event claims.
    static func refusal(claimed kind: String) -> Refusal?
    /// Returns the refusal when a unique key in the module's own tables exists already.
    static func refusal(duplicate constraint: String) -> Refusal?
    /// Returns whether an existing unique key was chosen at random, so that the next attempt chooses another.
    static func isChance(duplicate constraint: String) -> Bool
    /// Whether the external call is what the command is for, whether or not the aggregate changes.
    static var callsWithoutEvents: Bool { get }
    /// The maximum number of attempts while others write to the same streams.
    static var maxAttempts: Int { get }
    /// The responses that the effect adds to those of the operation.
    static var effectAnswers: [ResponseSpec] { get }
}

extension Command {
    public func completed(_ events: [Target.Event], remoteID: String) -> [Target.Event] { events }
    public static var createsAggregate: Bool { false }
    public static var refusalIfMissing: RefusalKind { .unknown }
    public static func refusal(claimed kind: String) -> Refusal? { nil }
    public static func refusal(duplicate constraint: String) -> Refusal? { nil }
    public static func isChance(duplicate constraint: String) -> Bool { false }
    public static var callsWithoutEvents: Bool { false }
    public static var maxAttempts: Int { 8 }
    public static var effectAnswers: [ResponseSpec] { [] }
    public func effect(of events: [Target.Event], on snapshot: Snapshot<Target>, _ facts: Facts, _ request: Request, _ services: Services)
        throws -> Effect
    { .none }
}

/// For commands that decide on the aggregate alone.
public struct NoFacts: Sendable, Equatable {
    public init() {}
}

extension Command where Facts == NoFacts {
    public func facts(on snapshot: Snapshot<Target>, _ request: Request, _ services: Services) async throws -> NoFacts { NoFacts() }
}

/// The result of a command. Operations turn it into a response; workflows and other use cases use it directly.
public struct CommandResult<C: Command>: Sendable {
    public let command: C
    /// The id of the aggregate.
    public let id: String
    public let events: [C.Target.Event]
    /// The events as they are stored.
    public let wire: [EventData]
    let before: C.Target
    /// The facts that the decision relied on.
    public let facts: C.Facts
    public let version: Int
    public let wasCreated: Bool
    /// The time of the request.
    public let at: Timestamp
    /// The receipt of the external call; nil when none was made.
    public let receipt: Receipt?

    /// The state after the events.
    public var state: C.Target { events.reduce(into: before) { $0.apply($1) } }
}
