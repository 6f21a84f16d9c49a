/// Who receives an event outside its module.
public enum Audience: Sendable, Equatable {
    /// The webhooks of the tenants that the event concerns.
    case partners
    /// Listed in the catalogue that webhooks choose from, but never delivered: it carries contact data or documents of devices.
    case catalogueOnly
    /// At most other modules.
    case modules
}

/// The single declaration of an event's stored form. It defines how the event is written, read strictly, documented and offered to
/// partners, and which personal members are encrypted.
public struct EventForm<Subject: EventSourced>: Sendable {
    public let name: String
    /// When the event happens, in the words of the documentation.
    public let summary: String
    public let audience: Audience
    public let members: [MemberDoc]
    let write: @Sendable (Subject.Event, Subject, Timestamp) throws -> JSON.Object
    private let read: @Sendable (StoredEvent, inout Reading) -> Subject.Event?

    /// - Parameters:
    ///   - derived: members computed from the state after the event; they are written first and not read.
    ///   - members: the members that carry the event, in the order of `make`'s parameters.
    ///   - make: creates the event from the values of its members; a case or a closure.
    ///   - take: extracts those values from the event; returns nil for another event.
    public init<each Value>(
        _ name: String, _ summary: String, audience: Audience = .partners, derived: [DerivedMember<Subject>] = [],
        members: Members<repeat each Value>,
        make: @escaping @Sendable (repeat each Value) -> Subject.Event, take: @escaping @Sendable (Subject.Event) -> (repeat each Value)?
    ) {
        var docs = derived.map { $0.doc }  // a key path in a function with a parameter pack crashes at run time (Swift 6.3)
        for member in repeat each members.members { docs += member.docs }
        self.name = name
        self.summary = summary
        self.audience = audience
        self.members = docs
        write = { event, state, now in
            guard let values = take(event) else { preconditionFailure("form(of:) gives the form \(name) for another event") }
            var data = JSON.Object()
            for member in derived { member.write(state, now, &data) }
            for (member, value) in repeat (each members.members, each values) { try member.write(value, &data) }
            return data
        }
        read = members.reading(make)
    }

    func decode(_ stored: StoredEvent) throws(EventDecodingError) -> Subject.Event {
        var reading = Reading(from: .storage)
        guard let event = read(stored, &reading) else { throw EventDecodingError(event: name, problems: reading.problems) }
        return event
    }

    public var doc: EventDoc { EventDoc(name: name, summary: summary, audience: audience, members: members) }
}

extension EventForm {
    /// Creates the form of an event without data.
    public init(_ name: String, _ summary: String, audience: Audience = .partners, event: Subject.Event) {
        self.init(name, summary, audience: audience, members: Members(), make: { event }, take: { $0 == event ? () : nil })
    }
}

/// A stored event whose data does not have the declared form. Reading stops there.
public struct EventDecodingError: Error, Sendable, Equatable {
    public let event: String
    public let problems: [Problem]

    public init(event: String, problems: [Problem]) {
        self.event = event
        self.problems = problems
    }
}

/// An event as the documents and the partners' catalogue show it.
public struct EventDoc: Sendable {
    public let name: String
    public let summary: String
    public let audience: Audience
    public let members: [MemberDoc]

    public init(name: String, summary: String, audience: Audience = .partners, members: [MemberDoc] = []) {
        self.name = name
        self.summary = summary
        self.audience = audience
        self.members = members
    }

    /// The JSON Schema of the event's data. It is closed: no other members are allowed.
    public var schema: Schema {
        Schema.object(members.lazy.map { ($0.name, $0.schema) }).with("title", .string(name)).described(summary).with(
            "additionalProperties", false)
    }
}

/// The forms of an aggregate's events, one stored property each.
public protocol EventForms: Sendable {
    associatedtype Subject: EventSourced
    /// Returns the form of an event. Implement it as one exhaustive switch, so that the compiler reports an event without a form.
    func form(of event: Subject.Event) -> EventForm<Subject>
}

/// The events of an aggregate: how they are written and read.
public final class EventRegistry<Forms: EventForms>: Sendable {
    public let forms: Forms
    /// In the order of their declaration.
    public let all: [EventForm<Forms.Subject>]
    /// The personal fields of the events and the state.
    public let personal: Personal
    private let byName: [String: EventForm<Forms.Subject>]

    /// - Parameter personalState: the fields of the state that hold personal data.
    public init(_ forms: Forms, personalState: [PersonalField] = []) {
        self.forms = forms
        // Every form that the switch can return is a stored property, so none is missing here.
        all = Mirror(reflecting: forms).children.compactMap { $0.value as? EventForm<Forms.Subject> }
        byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        personal = Personal(events: byName.mapValues { $0.members.flatMap(\.personal) }.filter { !$0.value.isEmpty }, state: personalState)
    }

    public func name(of event: Forms.Subject.Event) -> String { forms.form(of: event).name }

    /// Returns the event in its stored form.
    /// - Parameter state: the state after the event.
    /// - Throws: the error of a value that cannot be encoded; nothing is stored then.
    public func encode(_ event: Forms.Subject.Event, in state: Forms.Subject, at now: Timestamp) throws -> EventData {
        let form = forms.form(of: event)
        return EventData(form.name, try form.write(event, state, now))
    }

    /// - Throws: `UnknownEvent` for a name that a newer build has written, `EventDecodingError` for data in another form. Neither
    ///   is ever skipped.
    public func decode(_ stored: StoredEvent) throws -> Forms.Subject.Event {
        guard let form = byName[stored.wire.type] else { throw UnknownEvent(type: stored.wire.type, stream: stored.stream) }
        return try form.decode(stored)
    }
}
