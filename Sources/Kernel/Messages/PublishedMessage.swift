/// A published message that is not an event of an aggregate.
public protocol PublishedMessage: Codable, Sendable {
    /// The module that publishes it.
    static var module: String { get }
    static var name: String { get }
    /// Messages of one stream are received in order.
    var stream: StreamName { get }
}

extension PublishedMessage {
    /// Decodes the message in an envelope; throws when the data has another form.
    public init(_ envelope: Envelope) throws { self = try JSON.object(envelope.data).decoded() }
}
