public import Kernel

/// The events that webhooks may ask for, as the modules declare them.
public struct EventCatalogue: Sendable {
    /// Those that are delivered.
    public let delivered: Set<String>
    /// Those that may be named: beside the delivered ones, some that stay inside.
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
    /// All that it publishes: the events of its aggregates, and what it announces besides.
    public var events: [EventDoc] { aggregates.flatMap(\.events) + announcements }
}
