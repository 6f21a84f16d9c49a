/// An event that other modules may rely on. Contracts declare the promised members; the module's own events write them.
public protocol PublishedEvent: Sendable, Equatable {
    /// The module that publishes it.
    static var module: String { get }
    static var form: PublishedForm<Self> { get }
}

/// The part of an event that other modules may read.
public struct PublishedForm<Event: Sendable>: Sendable {
    public let name: String
    private let read: @Sendable (StoredEvent, inout Reading) -> Event?

    /// - Parameters:
    ///   - members: the promised members, in the order of `make`'s parameters.
    ///   - make: creates the event from the values of its members.
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

    /// - Throws: `EventDecodingError` for data that lacks a promised member; the subscription stops there.
    public static func decode(_ envelope: Envelope) throws -> Self { try form.decode(envelope) }
}
