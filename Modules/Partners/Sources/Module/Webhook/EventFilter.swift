import Application
import Kernel

/// The event filter of a webhook: names from the catalogue, or `*` for all events of the tenant.
struct EventFilter: WireValue {
    let names: [String]

    static let all = EventFilter(names: ["*"])
    static var schema: Schema { Schema.list(of: .string).limited(min: 1, max: 100) }
    var json: JSON { .array(names.map(JSON.string)) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> EventFilter? {
        guard let names = [String].read(raw, at: path, &reading) else { return nil }
        guard (1...100).contains(names.count) else { return reading.note(path, "must name 1 to 100 events") }
        return EventFilter(names: names)
    }
}

extension Field<EventFilter> {
    /// Accepts only names from the catalogue, and `*` for all of them.
    func named(in catalogue: EventCatalogue) -> Field { checked { $0.problem(catalogue) } }
}

extension Field<EventFilter?> {
    func named(in catalogue: EventCatalogue) -> Field { checked { $0?.problem(catalogue) } }
}

extension EventFilter {
    fileprivate func problem(_ catalogue: EventCatalogue) -> String? {
        let unknown = names.filter { $0 != "*" && !catalogue.named.contains($0) }
        return unknown.isEmpty ? nil : "names unknown events: " + unknown.joined(separator: ", ")
    }
}
