import Application
import Kernel

/// Publishes the schemas of the events that webhooks may subscribe to. They derive from the declarations by which the events are stored.
struct EventSchemas: Lookup {
    let catalogue: EventCatalogue

    static let missing: String? = nil
    static let shape = Shape<EventCatalogue>(
        .json("events", .object) { catalogue in
            .object(catalogue.docs.reduce(into: JSON.Object()) { schemas, doc in schemas[doc.name] = doc.schema.json })
        })

    func find(_ request: Request, _ services: Services) async throws -> EventCatalogue? { catalogue }

    /// - Parameter catalogue: the events of all modules that deliver any.
    static func operation(_ catalogue: EventCatalogue) -> Operation {
        Operation.lookup(
            "/schemas/events.json", "Read the JSON Schema (draft 2020-12) of the data of every event", allow: .everybody("everybody"),
            inputs: .init(), make: { EventSchemas(catalogue: catalogue) })
    }
}
