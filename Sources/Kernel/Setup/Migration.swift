/// One step of a schema's history. Never edit a step once it has landed; correct it with a new step.
public struct Migration: Sendable {
    /// Sortable: `001-locks`.
    public let name: String
    /// The statements, with `Dialect` tokens where the databases differ.
    public let statements: [String]
    public init(_ name: String, _ statements: [String]) { (self.name, self.statements) = (name, statements) }
}
