/// A bounded context: everything a module is, in one value. The host turns it into a running system.
public struct Context: Sendable {
    /// In lower case: the schema's name and what `--modules` takes.
    public let name: String
    public let aggregates: [AnyAggregate]
    public let migrations: [Migration]
    public let operations: [Operation]
    /// What runs besides operations, once the module has its services.
    public let assemble: @Sendable (Services) -> Assembly

    public init(
        _ name: String, aggregates: [AnyAggregate], migrations: [Migration] = [], operations: [Operation] = [],
        assemble: @escaping @Sendable (Services) -> Assembly = { _ in Assembly() }
    ) {
        (self.name, self.aggregates, self.migrations, self.operations, self.assemble) = (name, aggregates, migrations, operations, assemble)
    }
}

/// The running parts of a module.
public struct Assembly: Sendable {
    public var answers: [Answering]
    public var reactions: [Reaction]
    public var jobs: [Job]
    public init(answers: [Answering] = [], reactions: [Reaction] = [], jobs: [Job] = []) {
        (self.answers, self.reactions, self.jobs) = (answers, reactions, jobs)
    }
}

/// Work that goes on until the process ends; started again with backoff when it throws.
public struct Job: Sendable {
    public let name: String
    public let run: @Sendable () async throws -> Void
    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) { (self.name, self.run) = (name, run) }
}

/// One step of a schema's history. Never edited once landed; a new step corrects an old one.
public struct Migration: Sendable {
    /// Sorts: `001-locks`.
    public let name: String
    /// Statements with the tokens of `Dialect` where the databases differ.
    public let statements: [String]
    public init(_ name: String, _ statements: [String]) { (self.name, self.statements) = (name, statements) }
}
