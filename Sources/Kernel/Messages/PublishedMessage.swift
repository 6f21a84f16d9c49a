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
