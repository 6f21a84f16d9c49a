import Database
import Kernel
import Waiting

/// Gathers concurrent commits into one transaction. A failed group is run again one commit at a time, so that a conflict fails only its own
/// command.
final class GroupCommit: Sendable {
    private struct Waiting: Batched {
        let commit: Commit
        let isDone = OneShot<Void>()
        func fail(_ error: any Error) { isDone.settle(.failure(error)) }
    }
    /// Two lanes: one group is written to disk while the next is gathered.
    private let gathering = Batcher<Waiting>(lanes: 2)
    private let writer: CommitWriter
    private static let limit = 128

    init(_ writer: CommitWriter) { self.writer = writer }

    func commit(_ commit: Commit) async throws {
        let waiting = Waiting(commit: commit)
        if gathering.add(waiting) { Task { await drain() } }
        try await waiting.isDone.value(within: commit.patience, or: DatabaseError.outcomeUnknown, isCancellable: false)
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
            try await writer.write(group.map(\.commit))
            for waiting in group { waiting.isDone.settle(.success(())) }
        } catch  where group.count == 1 || (error as? DatabaseError)?.isPassing == true {
            for waiting in group { waiting.fail(error) }
        } catch {
            for waiting in group { await run([waiting]) }
        }
    }
}
