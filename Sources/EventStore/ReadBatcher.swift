import Database
import Kernel

/// Sends the queries of concurrent requests in one pipeline, because a round trip to the database costs more than most queries. A failed
/// group is read again one request at a time, so that a bad query fails only its own request.
final class ReadBatcher: Sendable {
    private struct Waiting: Batched {
        let queries: [SQL]
        let continuation: CheckedContinuation<[[Row]], any Error>
        func fail(_ error: any Error) { continuation.resume(throwing: error) }
    }
    private let gathering: Batcher<Waiting>
    private let database: any Database
    private static let limit = 64

    init(database: any Database) {
        self.database = database
        // SQLite's readers gain nothing from waiting for each other.
        gathering = Batcher(lanes: database.dialect == .postgres ? 2 : 3)
    }

    func read(_ queries: [SQL]) async throws -> [[Row]] {
        try await withCheckedThrowingContinuation { continuation in
            if gathering.add(Waiting(queries: queries, continuation: continuation)) { Task { await drain() } }
        }
    }

    private func drain() async {
        while let group = gathering.next({ queue in
            let group = Array(queue.prefix(Self.limit))
            return (group, group.map { _ in true })
        }) { await run(group) }
    }

    private func run(_ group: [Waiting]) async {
        do {
            var sent: [SQL] = [], places: [Int] = [], constant: [String: Int] = [:]
            for query in group.flatMap(\.queries) {
                // Those without values are the same question for all who ask.
                if query.values.isEmpty, let place = constant[query.text] {
                    places.append(place)
                    continue
                }
                if query.values.isEmpty { constant[query.text] = sent.count }
                places.append(sent.count)
                sent.append(query)
            }
            let answers = try await database.read(sent)
            var rest = places[...]
            for waiting in group {
                waiting.continuation.resume(returning: rest.prefix(waiting.queries.count).map { answers[$0].rows })
                rest = rest.dropFirst(waiting.queries.count)
            }
        } catch  where group.count == 1 || (error as? DatabaseError)?.isPassing == true {
            for waiting in group { waiting.continuation.resume(throwing: error) }
        } catch {
            for waiting in group { await run([waiting]) }
        }
    }
}
