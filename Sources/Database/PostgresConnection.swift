import CPostgres
import Glibc
import Kernel

/// One connection to PostgreSQL on its own thread. The socket is non-blocking and every wait has a deadline, because a `statement_timeout`
/// does not help when the server hangs.
actor PostgresConnection: TransactingConnection {
    private let executor: ThreadExecutor
    private let settings: PostgresSettings
    private let losses: Losses
    private var wire: PostgresWire?
    private var hasConnected = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(settings: PostgresSettings, losses: Losses) {
        self.settings = settings
        self.losses = losses
        executor = ThreadExecutor()
    }

    deinit { executor.stop() }

    func close() { wire = nil }

    /// Runs queries outside a transaction. Retries once on a new connection when the old one turns out to be dead.
    func read(_ queries: [SQL]) throws -> [Rows] {
        do { return try run(queries, endsInCommit: false) } catch DatabaseError.unreachable { return try run(queries, endsInCommit: false) }
    }

    /// Runs a whole transaction as one pipeline, which the server commits at its end (PostgreSQL, "Pipelining": statements up to a Sync are
    /// one implicit transaction). It takes two parts when a statement's row count decides about the COMMIT.
    func transact(_ statements: [SQL]) throws -> [Rows] {
        guard statements.contains(where: \.mustAffect) else { return try run(statements, endsInCommit: true) }
        do {
            let answers = Array(try run(["BEGIN"] + statements, endsInCommit: false).dropFirst())
            try requireAffected(statements, answers)
            try commit()
            return answers
        } catch {
            rollBack()
            throw error
        }
    }

    func begin() throws { _ = try run(["BEGIN"], endsInCommit: false) }
    func commit() throws {
        try requireTransaction()
        _ = try run(["COMMIT"], endsInCommit: true)
    }

    /// Throws when the connection was lost: its transaction is lost too, and must not seem to go on over a new connection.
    private func requireTransaction() throws {
        guard let wire, wire.isAlive, wire.isInTransaction else {
            throw DatabaseError.unreachable("the connection was lost within a transaction")
        }
    }

    func execute(_ statements: [SQL]) throws -> [Rows] {
        try requireTransaction()
        let answers = try run(statements, endsInCommit: false)
        try requireAffected(statements, answers)
        return answers
    }

    /// Rolls the transaction back; drops the connection when the server does not answer.
    func rollBack() {
        guard wire?.isInTransaction == true else { return }
        do { _ = try run(["ROLLBACK"], endsInCommit: false) } catch { wire = nil }
    }

    private func requireAffected(_ statements: [SQL], _ answers: [Rows]) throws {
        for (statement, answer) in zip(statements, answers) where statement.mustAffect && answer.affected == 0 {
            throw DatabaseError.unaffected(statement: statement.text)
        }
    }

    /// Runs statements. Those prepared before a migration may no longer fit its tables (SQLSTATE 0A000, "cached plan must not change result
    /// type"): then nothing has been executed, and a new connection prepares them again.
    private func run(_ statements: [SQL], endsInCommit: Bool) throws -> [Rows] {
        let wasInTransaction = wire?.isInTransaction ?? false
        do { return try send(statements, endsInCommit: endsInCommit) } catch DatabaseError.statement(state: "0A000", let message) {
            wire = nil
            if wasInTransaction { throw DatabaseError.contention(message) }
            return try send(statements, endsInCommit: endsInCommit)
        }
    }

    private func connected() throws -> PostgresWire {
        let wire = try PostgresWire(settings)
        if hasConnected { losses.note() }
        hasConnected = true
        return wire
    }

    private func send(_ statements: [SQL], endsInCommit: Bool) throws -> [Rows] {
        if let wire, !wire.isAlive { self.wire = nil }
        let wire = try self.wire ?? connected()
        self.wire = wire
        do {
            return try wire.pipeline(statements, endsInCommit: endsInCommit)
        } catch let error as DatabaseError {
            if wire.isBroken { self.wire = nil }
            throw error
        }
    }
}
