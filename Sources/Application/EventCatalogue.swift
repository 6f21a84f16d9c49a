public import Kernel

/// The events that webhooks may subscribe to, as the modules declare them.
public struct EventCatalogue: Sendable {
    /// The names of the events that are delivered.
    public let delivered: Set<String>
    /// The names that a webhook may list: the delivered events, and some that are never delivered.
    public let named: Set<String>
    /// The modules that deliver events.
    public let modules: [String]
    /// What documents say of the events that a webhook may list, as far as they are stored by an aggregate, in the order of their names.
    public let docs: [EventDoc]

    public init(_ contexts: [Module]) {
        let docs = contexts.map { ($0.name, $0.events) }
        modules = docs.filter { $0.1.contains { $0.audience == .partners } }.map(\.0)
        delivered = Set(docs.flatMap(\.1).filter { $0.audience == .partners }.map(\.name))
        named = Set(docs.flatMap(\.1).filter { $0.audience != .modules }.map(\.name))
        self.docs = contexts.flatMap(\.aggregates).flatMap(\.events).filter { $0.audience != .modules }.sorted { $0.name < $1.name }
    }
}

extension Module {
    /// All events that the module publishes: those of its aggregates and its announcements.
    public var events: [EventDoc] { aggregates.flatMap(\.events) + announcements }
}
