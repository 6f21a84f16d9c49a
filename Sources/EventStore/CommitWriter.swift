import Database
import Kernel

/// Writes commits of a module in one transaction, and tells those who listen to its outbox.
struct CommitWriter: Sendable {
    let script: CommitScript
    let database: any Database
    /// Called after a commit that wrote to the outbox; must not block.
    let posted: @Sendable (OutboxNotice) -> Void

    /// - Parameter statements: executed first, in the same transaction.
    func write(_ commits: [Commit], after statements: [SQL] = []) async throws {
        let (own, outbox) = script.statements(for: commits)
        let answers = try await database.transact(statements + own)
        let rows = outbox.flatMap { answers[statements.count + $0].rows }
        let end = rows.compactMap { row in
            guard let transaction = try? row.read("transaction_id", as: Int64.self),
                let position = try? row.read("position", as: Int64.self)
            else { return nil as Cursor? }
            return Cursor(epoch: Int64(script.epoch), transaction: transaction, position: position)
        }.max()
        if let notice = OutboxNotice(commits, in: script.schema, end: end) { posted(notice) }
    }
}
