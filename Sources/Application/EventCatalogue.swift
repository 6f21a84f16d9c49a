public import Kernel

/// The events that webhooks may subscribe to, as the modules declare them.
public struct EventCatalogue: Sendable {
    /// The names of the events that are delivered.
    public let delivered: Set<String>
    /// The names that a webhook may list: the delivered events, and some that are never delivered.
    public let named: Set<String>
    /// The modules that deliver events.
    public let modules: [String]

    public init(_ contexts: [Module]) {
        let docs = contexts.map { ($0.name, $0.events) }
        modules = docs.filter { $0.1.contains { $0.audience == .partners } }.map(\.0)
        delivered = Set(docs.flatMap(\.1).filter { $0.audience == .partners }.map(\.name))
        named = Set(docs.flatMap(\.1).filter { $0.audience != .modules }.map(\.name))
    }
}

extension Module {
    /// All events that the module publishes: those of its aggregates and its announcements.
    public var events: [EventDoc] { aggregates.flatMap(\.events) + announcements }
}
