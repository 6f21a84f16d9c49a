/// A read model: rows derived from the events of an aggregate. They are written in the transaction of each event and again on a rebuild.
public struct View<A: EventSourced>: Sendable {
    /// The tables that a rebuild empties first; none for tables that also hold data that is not derived.
    public let tables: [ViewTable]
    public let rows: @Sendable (Change<A>) throws -> [SQL]

    /// - Parameter tables: the tables that hold nothing else.
    public init(_ tables: ViewTable..., rows: @escaping @Sendable (Change<A>) throws -> [SQL]) {
        self.tables = tables
        self.rows = rows
    }
}

/// A table of a view.
public struct ViewTable: Sendable {
    /// Without its schema.
    public let name: String
    /// The column, or the expression, that is the id of the stream from which a row is derived.
    public let key: String

    public static func table(_ name: String, by key: String) -> ViewTable { ViewTable(name: name, key: key) }
}

/// One event with the states before and after it, as views receive it.
public struct Change<A: EventSourced>: Sendable {
    public let stream: StreamName
    public let event: A.Event
    public let before: A
    public let after: A
    public let version: Int
    public let at: Timestamp
    public init(stream: StreamName, event: A.Event, before: A, after: A, version: Int, at: Timestamp) {
        self.stream = stream
        self.event = event
        self.before = before
        self.after = after
        self.version = version
        self.at = at
    }
}
