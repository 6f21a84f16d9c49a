/// A request to another module, with one reply and a deadline.
public protocol Ask: Codable, Sendable {
    associatedtype Reply: Codable & Sendable
    static var name: String { get }
    /// The module that answers.
    static var module: String { get }
    /// How long the sender waits for the reply.
    static var timeout: Duration { get }
}

extension Ask {
    public static var timeout: Duration { .seconds(5) }
}

/// The metadata sent with an ask.
public struct AskContext: Sendable, Equatable {
    public let trace: Trace
    /// After this moment the sender no longer waits, so an effect must not be committed any more.
    public let deadline: Timestamp
    public init(trace: Trace, deadline: Timestamp) { (self.trace, self.deadline) = (trace, deadline) }
}

/// Why an ask has no reply.
public enum AskFailure: Error, Sendable, Equatable {
    /// No reply arrived in time; whether the effect happened is unknown.
    case timedOut(name: String)
    /// The module replied that it failed.
    case failed(name: String, message: String)
}
