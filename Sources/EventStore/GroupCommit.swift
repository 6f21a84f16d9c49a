import Database
import Kernel

/// Gathers concurrent commits into one transaction. A failed group is run again one commit at a time, so that a conflict fails only its own
/// command.
final class GroupCommit: Sendable {
    private struct Waiting: Batched {
        let commit: Commit
        let continuation: CheckedContinuation<Void, any Error>
        func fail(_ error: any Error) { continuation.resume(throwing: error) }
    }
    /// Two lanes: one group is written to disk while the next is gathered.
    private let gathering = Batcher<Waiting>(lanes: 2)
    private let script: CommitScript
    private let database: any Database
    private static let limit = 128

    init(script: CommitScript, database: any Database) { (self.script, self.database) = (script, database) }

    func commit(_ commit: Commit) async throws {
        try await withCheckedThrowingContinuation { continuation in
            if gathering.add(Waiting(commit: commit, continuation: continuation)) { Task { await drain() } }
        }
    }

    private func drain() async {
        while let group = gathering.next(Self.pick) { await run(group) }
    }

    /// Picks commits that share no stream; the others wait.
    private static func pick(_ queue: [Waiting]) -> (group: [Waiting], isPicked: [Bool]) {
        var group: [Waiting] = [], isPicked: [Bool] = [], streams: Set<StreamName> = []
        for waiting in queue {
            let own = waiting.commit.appends.map(\.stream)
            let fits = group.count < limit && streams.isDisjoint(with: own)
            isPicked.append(fits)
            guard fits else { continue }
            group.append(waiting)
            streams.formUnion(own)
        }
        return (group, isPicked)
    }

    private func run(_ group: [Waiting]) async {
        do {
            _ = try await database.transact(script.statements(for: group.map(\.commit)))
            for waiting in group { waiting.continuation.resume() }
        } catch  where group.count == 1 || (error as? DatabaseError)?.isPassing == true {
            for waiting in group { waiting.continuation.resume(throwing: error) }
        } catch {
            for waiting in group { await run([waiting]) }
        }
    }
}
