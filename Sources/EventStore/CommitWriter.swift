import Database
import Kernel

/// Writes commits of a module, and tells those who listen to its outbox.
struct CommitWriter: Sendable {
    let script: CommitScript
    /// What is known of the module's states; nil where every state is asked for.
    let current: CurrentStates?
    /// Called after a commit that wrote to the outbox; must not block.
    let posted: @Sendable (OutboxNotice) -> Void

    /// Writes commits of several modules in one transaction.
    /// - Parameter statements: executed first, in the same transaction.
    static func write(_ modules: [(writer: CommitWriter, commits: [Commit])], after statements: [SQL] = [], on database: any Database)
        async throws
    {
        var all = statements, places: [Range<Int>] = []
        for (writer, commits) in modules {
            let (own, outbox) = writer.script.statements(for: commits)
            places.append(outbox.lowerBound + all.count..<outbox.upperBound + all.count)
            all += own
        }
        for (writer, commits) in modules { writer.current?.begin(writing: commits.streams) }
        defer { for (writer, commits) in modules { writer.current?.end(writing: commits.streams) } }
        let answers = try await database.transact(all)
        for ((writer, commits), outbox) in zip(modules, places) { writer.announce(commits, answers[outbox].flatMap(\.rows)) }
    }

    /// - Parameter rows: what the outbox has returned.
    private func announce(_ commits: [Commit], _ rows: [Row]) {
        let end = rows.compactMap { row in
            guard let transaction = try? row.read("transaction_id", as: Int64.self),
                let position = try? row.read("position", as: Int64.self)
            else { return nil as Cursor? }
            return Cursor(epoch: Int64(script.epoch), transaction: transaction, position: position)
        }.max()
        if let notice = OutboxNotice(commits, in: script.schema, end: end) { posted(notice) }
    }
}

extension [Commit] {
    fileprivate var streams: [StreamName] { flatMap { $0.appends.map(\.stream) } }
}
