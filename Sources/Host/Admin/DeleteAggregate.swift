import Application
import Database
import Kernel

/// What staff delete of an aggregate.
enum CleanupMode: String, Codable, Sendable, CaseIterable, WireValue {
    /// The state, which the next access folds from the events again.
    case state = "DELETE_DO_ONLY"
    /// Everything: the history is archived, then deleted with the state and the rows of views.
    case all = "DELETE_DO_AND_EVENTS"
}

/// Tells the module that has an aggregate to delete it.
struct DeleteAggregate: ModuleQuestion {
    static let name = "host.DeleteAggregate"
    static let timeout = Duration.seconds(30)
    let category: String
    let id: String
    let mode: CleanupMode
    /// Whether the streams of the keys on a lock go with it.
    let isCascading: Bool
    /// The staff member, for the log.
    let by: String

    /// Nil from a module that has no such kind.
    typealias Reply = Outcome?

    struct Outcome: Codable, Sendable {
        var operations: [JSON] = []
        /// Where the history is archived; nil when there was none.
        var archive: String?
        var errors: [String] = []

        mutating func did(_ step: String, _ target: String, count: Int) {
            operations.append(["step": .string(step), "target": .string(target), "status": "done", "count": count.json])
        }
    }
}

/// Deletes aggregates of one module.
struct AggregateDeletion: Sendable {
    let module: Module
    let services: Services
    let database: any Database
    let archive: Archive

    var answer: AskHandler {
        AskHandler(DeleteAggregate.self, of: module.name) { question -> DeleteAggregate.Outcome? in
            guard let kind = module.aggregates.first(where: { $0.category.name == question.category }) else { return nil }
            services.log.notice(
                "Staff deletes an aggregate",
                ["staff": question.by, "aggregate": "\(question.category)-\(question.id)", "mode": question.mode.rawValue])
            return try await carryOut(question, kind)
        }
    }

    private func carryOut(_ question: DeleteAggregate, _ kind: AnyAggregate) async throws -> DeleteAggregate.Outcome {
        var reply = DeleteAggregate.Outcome()
        let stream = try await stream(question)
        if question.mode == .state {
            let done = try await database.transact([
                "UPDATE \(fragment: schema).aggregates SET shape = 0 WHERE category = \(stream.category) AND id = \(stream.id)",
                CredentialsEpoch.raise,
            ])
            if done[0].affected > 0 { reply.did("drop the state", "\(stream)", count: 1) }
            return reply
        }
        do {
            guard try await exists(stream) else { return reply }
            // Before anything is ended: what cannot be archived stays.
            try archive.check()
            if let ending = module.endings.first(where: { $0.category == stream.category }) {
                try await ending.end(stream.id, request(by: question.by), services)
                reply.did("end what it stands for", "\(stream)", count: 1)
            }
            try await delete(stream, kind, &reply)
            if question.isCascading { try await deleteKeys(of: stream, &reply) }
        } catch {
            reply.errors.append(Self.words(error))
        }
        return reply
    }

    private static func words(_ error: any Error) -> String {
        if case RequestError.refused(_, _, let message) = error { return message }
        return "\(error)"
    }

    private static let maxRounds = 10
    private var schema: SQL { "\(trusted: module.name)" }

    private func request(by staff: String) -> Request {
        Request(
            caller: .staff(email: staff), trace: Trace(correlation: UUIDText.fresh(at: services.clock()).text, causation: nil),
            attempt: Attempt(now: services.clock()))
    }

    /// Returns the stream with an id, or the one that has claimed it: a lock may be named by its UUID.
    private func stream(_ question: DeleteAggregate) async throws -> StreamName {
        let named = StreamName(question.category, question.id)
        if try await exists(named) { return named }
        let query: SQL = """
            SELECT id FROM \(fragment: schema).claims WHERE category = \(question.category) AND value = \(question.id.lowercased()) LIMIT 1
            """
        return try await database.read(query).first.map { StreamName(question.category, try $0.read("id")) } ?? named
    }

    private func exists(_ stream: StreamName) async throws -> Bool {
        let query: SQL =
            "SELECT 1 AS one FROM \(fragment: schema).aggregates WHERE category = \(stream.category) AND id = \(stream.id)"
        return try await !database.read(query).isEmpty
    }

    /// Archives a history and deletes it, just as far as it was read: an event that comes in between makes it read again. A process that
    /// remembers the state could store an event after the deletion; raising the credentials epoch makes it look again, and what a commit
    /// under way has stored all the same is deleted in another round.
    private func delete(_ stream: StreamName, _ kind: AnyAggregate, _ reply: inout DeleteAggregate.Outcome) async throws {
        var rounds = 0
        while try await exists(stream) {
            guard rounds < Self.maxRounds else {
                throw RequestError.refused(.conflict, code: nil, message: "\(stream) changes all the time.")
            }
            rounds += 1
            let rows = try await database.read(
                """
                SELECT category, id, version, type, data, org_id, at FROM \(fragment: schema).events
                WHERE category = \(stream.category) AND id = \(stream.id) ORDER BY version
                """)
            guard let last = try rows.last?.read("version", as: Int.self) else { return }
            let path = try archive.write(rows, of: stream, in: module.name, at: services.clock())
            reply.archive = reply.archive ?? path
            reply.did("archive the history", path, count: rows.count)
            let condition: SQL = "category = \(stream.category) AND id = \(stream.id)"
            var statements: [SQL] = [
                CredentialsEpoch.raise,
                ("DELETE FROM \(fragment: schema).aggregates WHERE \(fragment: condition) AND version = \(last)" as SQL).required,
                "DELETE FROM \(fragment: schema).events WHERE \(fragment: condition) AND version <= \(last)",
                "DELETE FROM \(fragment: schema).claims WHERE \(fragment: condition)",
            ]
            statements += kind.viewTables.map {
                "DELETE FROM \(fragment: schema).\(trusted: $0.name) WHERE \(trusted: $0.key) = \(stream.id)"
            }
            let done: [Rows]
            do { done = try await database.transact(statements) } catch DatabaseError.unaffected { continue }
            reply.did("delete the events", "\(stream)", count: Int(done[2].affected))
            reply.did("delete rows of views", "\(stream)", count: done.dropFirst(4).map { Int($0.affected) }.reduce(0, +))
        }
    }

    /// Deletes the streams that tell of the hours of keys on a lock.
    private func deleteKeys(of lock: StreamName, _ reply: inout DeleteAggregate.Outcome) async throws {
        let prefix = lock.id + "/"
        for kind in module.aggregates where kind.category.name == "key-grant" {
            let ids = try await database.read(
                """
                SELECT id FROM \(fragment: schema).aggregates
                WHERE category = \(kind.category.name) AND id >= \(prefix) AND id < \(lock.id + "0") LIMIT 10000
                """
            ).map { try $0.read("id", as: String.self) }
            for id in ids where id.hasPrefix(prefix) { try await delete(StreamName(kind.category.name, id), kind, &reply) }
        }
    }
}
