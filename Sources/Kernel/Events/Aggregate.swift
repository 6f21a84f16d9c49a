/// An event-sourced aggregate. Use cases decide on its state; `apply` never rejects an event.
public protocol Aggregate: EventSourced, Codable {
    associatedtype Events: EventForms where Events.Subject == Self
    static var category: Category { get }
    /// How its events are stored, documented and published.
    static var events: EventRegistry<Events> { get }

    /// The state before the first event.
    init()
    mutating func apply(_ event: Event)

    /// Returns whether an event changes the state. An unchanged state is not written again.
    static func changesState(_ event: Event) -> Bool

    /// The tenant it belongs to; nil for none.
    var organisation: OrgID? { get }
    /// Returns the tenants that receive an event that led from `before` to this state.
    func audience(of event: Event, before: Self) -> [OrgID]
    /// The id that partners use, when it differs from the stream's id.
    var publicID: String? { get }
    static func claims(of event: Event, before: Self) -> [Claim]
    /// Whether the subject no longer exists although its stream does. It is then treated as if it had never existed.
    var isGone: Bool { get }
    /// The module's own read models. Their rows are written in the transaction of each change and again on a rebuild.
    static var views: [View<Self>] { get }
}

extension Aggregate {
    public func audience(of event: Event, before: Self) -> [OrgID] { organisation.map { [$0] } ?? [] }
    public static func changesState(_ event: Event) -> Bool { true }
    public var publicID: String? { nil }
    public static func claims(of event: Event, before: Self) -> [Claim] { [] }
    public var isGone: Bool { false }
    public static func stream(_ id: some CustomStringConvertible) -> StreamName { StreamName(category.name, id.description) }
}

/// A loaded state. Version 0 is a stream without events.
public struct Snapshot<A: Aggregate>: Sendable {
    public let stream: StreamName
    public let state: A
    public let version: Int
    /// When the last event happened.
    public let changedAt: Timestamp
    /// Whether the stored state has this build's schema version.
    package var isStoredAsIs = false
    public var exists: Bool { version > 0 && !state.isGone }
    public init(stream: StreamName, state: A, version: Int, changedAt: Timestamp) {
        self.stream = stream
        self.state = state
        self.version = version
        self.changedAt = changedAt
    }
}

/// A type-erased aggregate, for folding, verifying and rebuilding.
public struct AnyAggregate: Sendable {
    public let category: Category
    public let events: [EventDoc]
    /// The tables of its views, which a rebuild empties.
    public let viewTables: [ViewTable]
    public let personal: Personal
    /// Returns the state after these events as JSON; throws for an event that this build cannot read.
    public let fold: @Sendable ([StoredEvent]) throws -> JSON
    /// Returns the view rows of a whole history.
    public let replay: @Sendable ([StoredEvent]) throws -> [SQL]

    public init<A: Aggregate>(_ type: A.Type) {
        category = A.category
        events = A.events.all.map(\.doc)
        viewTables = A.views.flatMap(\.tables)
        personal = A.events.personal
        fold = { history in
            var state = A()
            for stored in history { state.apply(try A.events.decode(stored)) }
            return try JSON(encoding: state)
        }
        replay = { history in
            var state = A(), rows: [SQL] = []
            for stored in history {
                let event = try A.events.decode(stored), before = state
                state.apply(event)
                rows += try A.viewRows(
                    Change(
                        stream: stored.stream, event: event, before: before, after: state, version: stored.version, at: stored.at))
            }
            return rows
        }
    }
}

extension Aggregate {
    public static var views: [View<Self>] { [] }

    /// Returns the rows of all views after a change.
    static func viewRows(_ change: Change<Self>) throws -> [SQL] { try views.flatMap { try $0.rows(change) } }
}
