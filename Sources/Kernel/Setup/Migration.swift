/// One step of a schema's history. Never edited once landed; a new step corrects an old one.
public struct Migration: Sendable {
    /// Sorts: `001-locks`.
    public let name: String
    /// Statements with the tokens of `Dialect` where the databases differ.
    public let statements: [String]
    public init(_ name: String, _ statements: [String]) { (self.name, self.statements) = (name, statements) }
}
