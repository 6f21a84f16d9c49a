public import Database
public import Kernel

/// A database whose transactions tell a membership when they raise the credentials epoch.
public struct WatchedDatabase: Database {
    let base: any Database
    let membership: SoleMembership

    public init(_ base: any Database, _ membership: SoleMembership) { (self.base, self.membership) = (base, membership) }

    public var dialect: Dialect { base.dialect }
    public var reconnections: Int { base.reconnections }
    public func read(_ queries: [SQL]) async throws -> [Rows] { try await base.read(queries) }
    public func close() async { await base.close() }

    public func transact(_ statements: [SQL]) async throws -> [Rows] {
        try await doubting {
            guard statements.contains(where: \.raisesEpoch) else { return try await base.transact(statements) }
            return try await membership.change { try await base.transact(statements) }
        }
    }

    /// What such a transaction does is known only when it has done it.
    public func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
        try await doubting { try await membership.change { try await base.transaction(body) } }
    }

    private func doubting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch DatabaseError.outcomeUnknown {
            membership.noteUnknownOutcome()
            throw DatabaseError.outcomeUnknown
        }
    }
}
