/// Something that changes by events. Its state is what the use cases ask; `apply` never refuses.
public protocol Aggregate: EventSourced, Codable {
    associatedtype Events: EventForms where Events.Subject == Self
    static var category: Category { get }
    /// How its events are stored, documented and told.
    static var events: EventRegistry<Events> { get }

    /// The state before the first event.
    init()
    mutating func apply(_ event: Event)

    /// Whether an event changes the state; a state that stays as it is is not written again.
    static func changesState(_ event: Event) -> Bool

    /// The tenant it belongs to; nil for none.
    var organisation: OrgID? { get }
    /// Who is to hear of an event that led from `before` to this state.
    func audience(of event: Event, before: Self) -> [OrgID]
    /// How partners name it, when that is not the stream's id.
    var publicID: String? { get }
    static func claims(of event: Event, before: Self) -> [Claim]
    /// Whether its subject is no more, although the stream is: it answers as if it had never been.
    var isGone: Bool { get }
    /// The rows of the module's own views after a change; written in its transaction and again on a rebuild.
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

/// A state as it was loaded. Version 0 is a stream without events.
public struct Snapshot<A: Aggregate>: Sendable {
    public let stream: StreamName
    public let state: A
    public let version: Int
    /// When the last event happened.
    public let changedAt: Timestamp
    /// Whether the stored state has this build's shape.
    package var isStoredAsIs = false
    public var exists: Bool { version > 0 && !state.isGone }
    public init(stream: StreamName, state: A, version: Int, changedAt: Timestamp) {
        self.stream = stream
        self.state = state
        self.version = version
        self.changedAt = changedAt
    }
}

/// An aggregate type without its type: what folding, verifying and rebuilding need.
public struct AnyAggregate: Sendable {
    public let category: Category
    public let events: [EventDoc]
    /// The tables of its views that a rebuild empties.
    public let viewTables: [String]
    public let personal: Personal
    /// The state after these events, as JSON; throws for an event that this build cannot read.
    public let fold: @Sendable ([StoredEvent]) throws -> JSON
    /// The view rows of a whole history.
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

    /// The rows of all views after a change.
    static func viewRows(_ change: Change<Self>) throws -> [SQL] { try views.flatMap { try $0.rows(change) } }
}
