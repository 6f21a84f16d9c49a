import Application
import Kernel
import Testing

/// How events are written and read.
@Suite struct EventFormTests {
    private struct Parcel: Aggregate {
        static let category = Category("parcel", className: "ParcelAggregate")
        static let events = EventRegistry(Forms())
        enum Event: Sendable, Equatable {
            case sent(to: String, note: String?, at: Timestamp, org: OrgID?)
            case weighed(limit: Int?)
            case lost
        }
        private(set) var count = 0
        mutating func apply(_ event: Event) { count += 1 }
        var organisation: OrgID? { nil }

        struct Forms: EventForms {
            let sent = EventForm<Parcel>(
                "Sent", "A parcel was sent.",
                derived: [DerivedMember("count") { parcel, _ in parcel.count }, DerivedMember("hint") { _, _ in String?.none }],
                members: .init(.member("to"), .personal("note", of: "to"), .milliseconds("at"), .tenant),
                make: Event.sent, take: { if case .sent(let to, let note, let at, let org) = $0 { (to, note, at, org) } else { nil } })
            let weighed = EventForm<Parcel>(
                "Weighed", "A parcel was weighed.", audience: .catalogueOnly, members: .init(.member("limit")),
                make: { .weighed(limit: $0.value) },
                take: { if case .weighed(let limit) = $0 { Nullable(limit) } else { nil } })
            let lost = EventForm<Parcel>("Lost", "A parcel was lost.", audience: .modules, event: .lost)

            func form(of event: Event) -> EventForm<Parcel> {
                switch event {
                case .sent: sent
                case .weighed: weighed
                case .lost: lost
                }
            }
        }
    }

    private func stored(_ name: String, _ data: JSON.Object) -> StoredEvent {
        StoredEvent(stream: StreamName("parcel", "1"), version: 1, wire: EventData(name, data), at: Timestamp(milliseconds: 9), org: "acme")
    }

    @Test func `absent values are left out, null ones are written, derived ones come first`() throws {
        var parcel = Parcel()
        let event = Parcel.Event.sent(to: "ann", note: nil, at: Timestamp(milliseconds: 5), org: "acme")
        parcel.apply(event)
        let wire = try Parcel.events.encode(event, in: parcel, at: Timestamp(milliseconds: 7))
        #expect(wire == EventData("Sent", ["count": 1, "to": "ann", "at": 5]))
        #expect(wire.data.keys == ["count", "to", "at"])
        #expect(try Parcel.events.decode(stored("Sent", wire.data)) == event)
        #expect(
            try Parcel.events.encode(.weighed(limit: nil), in: parcel, at: Timestamp(milliseconds: 7))
                == EventData("Weighed", ["limit": .null]))
        #expect(try Parcel.events.encode(.lost, in: parcel, at: Timestamp(milliseconds: 7)) == EventData("Lost", [:]))
        #expect(try Parcel.events.decode(stored("Lost", [:])) == .lost)
    }

    @Test func `what is missing or of another kind stops the reading, with all problems`() {
        #expect(
            throws: EventDecodingError(
                event: "Sent",
                problems: [Problem("to", "is missing"), Problem("note", "must be a string"), Problem("at", "must be a whole number")])
        ) {
            try Parcel.events.decode(stored("Sent", ["note": 1, "at": "noon"]))
        }
        #expect(throws: EventDecodingError.self) { try Parcel.events.decode(stored("Weighed", [:])) }
        #expect(throws: UnknownEvent.self) { try Parcel.events.decode(stored("Burnt", [:])) }
    }

    @Test func `limits hold at the door, not for what is stored`() throws {
        let long = String(repeating: "x", count: 5_000)
        let event = try Parcel.events.decode(stored("Sent", ["to": .string(long), "at": 1]))
        #expect(event == .sent(to: long, note: nil, at: Timestamp(milliseconds: 1), org: "acme"))
    }

    @Test func `documents, personal members and the catalogue come from the declaration`() {
        let context = Module(
            "post", aggregates: [AnyAggregate(Parcel.self)], announcements: [EventDoc(name: "Returned", summary: "To come.")])
        let schema = Parcel.events.forms.sent.doc.schema.json
        #expect(
            schema["required"] == ["count", "to", "at"] && schema["additionalProperties"] == false
                && schema["description"] == "A parcel was sent.")
        #expect(schema["properties"]?.members?.keys == ["count", "hint", "to", "note", "at"])
        #expect(Parcel.events.personal.events.mapValues(\.count) == ["Sent": 1])
        let catalogue = EventCatalogue([context])
        #expect(
            catalogue.delivered == ["Sent", "Returned"] && catalogue.named == ["Sent", "Returned", "Weighed"]
                && catalogue.modules == ["post"])
    }
}
