public import Database
import Kernel
import Waiting

/// Gathers concurrent commits, of all modules of a process, into one transaction. A failed group is run again one commit at a time, so that
/// a conflict fails only its own command.
public final class GroupCommit: Sendable {
    private struct Waiting: Batched {
        let writer: CommitWriter
        let commit: Commit
        let isDone = OneShot<Void>()
        func fail(_ error: any Error) { isDone.settle(.failure(error)) }
    }
    /// Two lanes: one group is written to disk while the next is gathered.
    private let gathering = Batcher<Waiting>(lanes: 2)
    private let database: any Database
    /// A failed group costs all its commits a second try, so it is not too large.
    private static let limit = 64

    public init(_ database: any Database) { self.database = database }

    func commit(_ commit: Commit, by writer: CommitWriter) async throws {
        let waiting = Waiting(writer: writer, commit: commit)
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

    /// Whether an error is no single commit's fault; a deadlock may be.
    private static func failsAll(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError, error.isPassing else { return false }
        if case .contention = error { return false }
        return true
    }

    private func run(_ group: [Waiting]) async {
        do {
            // In the order of the schemas, so that concurrent groups cannot deadlock.
            let modules = Dictionary(grouping: group) { $0.writer.script.schema }.sorted { $0.key < $1.key }.map(\.value)
            try await CommitWriter.write(modules.map { ($0[0].writer, $0.map(\.commit)) }, on: database)
            for waiting in group { waiting.isDone.settle(.success(())) }
        } catch  where group.count == 1 || Self.failsAll(error) {
            for waiting in group { waiting.fail(error) }
        } catch {
            for waiting in group { await run([waiting]) }
        }
    }
}
