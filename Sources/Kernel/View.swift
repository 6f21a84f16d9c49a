/// A read model: rows that are derived from the events of an aggregate. They are written in the transaction of each event, and again on a rebuild.
public struct View<A: Aggregate>: Sendable {
    /// What a rebuild empties first; none for tables that hold more than what is derived.
    public let tables: [String]
    public let rows: @Sendable (Change<A>) throws -> [SQL]

    /// - Parameter tables: the tables that hold nothing else, without their schema.
    public init(_ tables: String..., rows: @escaping @Sendable (Change<A>) throws -> [SQL]) {
        self.tables = tables
        self.rows = rows
    }
}

extension Aggregate {
    public static var views: [View<Self>] { [] }

    /// The rows of all views after a change.
    static func viewRows(_ change: Change<Self>) throws -> [SQL] { try views.flatMap { try $0.rows(change) } }
}
