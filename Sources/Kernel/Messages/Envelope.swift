/// A published event or message of a module, as stored in its outbox.
public struct Envelope: Sendable, Equatable {
    /// Unique and stable: a redelivery carries the same id.
    public let id: String
    /// The module that published it.
    public let source: String
    /// The name of the event or message.
    public let name: String
    /// Messages of one stream keep their order.
    public let stream: StreamName
    /// The id that partners use for the aggregate.
    public let subject: String
    /// The version of the aggregate after the event; 0 for a message that is not an event.
    public let version: Int
    public let at: Timestamp
    /// The tenants that may see it, fixed at commit.
    public let audience: [OrgID]
    public let trace: Trace
    private let payload: Payload

    /// The data is parsed only on use, because most envelopes read from an outbox concern none of its readers.
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
