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
