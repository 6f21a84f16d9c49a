public import Application
import Database
public import Kernel

/// Feeds one part of a reaction from one outbox: in batches, in order per stream, with effects and checkpoint in one transaction.
public struct Subscription: Sendable {
    let reaction: Reaction
    let lease: Lease
    let reader: OutboxReader
    let store: ModuleStore
    let signals: OutboxSignals
    let log: Log
    let crashes: CrashPoints

    private static let batch = 500
    private static let attempts = 3, mostConflicts = 50
    /// The polling interval, in case a wake-up is lost.
    private static let poll = Duration.milliseconds(1_000)
    /// How often the checkpoint is written when there are no effects to commit with it.
    private static let passing = Duration.milliseconds(250)

    /// Returns all parts of a reaction of the module that `store` belongs to.
    public static func all(
        of reaction: Reaction, store: ModuleStore, holder: String, signals: OutboxSignals, log: Log, crashes: CrashPoints = .none,
        clock: @escaping @Sendable () -> Timestamp
    ) -> [Subscription] {
        reaction.sources.flatMap { source in
            (0..<reaction.partitions).map { part in
                let lease = Lease(
                    schema: store.schema, subscription: reaction.name, source: source, part: part, holder: holder, database: store.database,
                    clock: clock)
                let reader = OutboxReader(
                    source: source, database: store.database, epoch: store.script.epoch, part: part, parts: reaction.partitions)
                return Subscription(
                    reaction: reaction, lease: lease, reader: reader, store: store, signals: signals, log: log, crashes: crashes)
            }
        }
    }

    /// Runs until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                let seen = signals.count(of: reader.source)
                guard let (token, cursor) = try await lease.take() else {
                    try await Task.sleep(for: Self.poll)
                    continue
                }
                try await hold(token, from: cursor, since: seen)
            } catch DatabaseError.unaffected {
                log.warning("A subscription was taken over by another process", metadata)
            } catch is CancellationError {
                return
            } catch let error where Self.isPassing(error) {
                log.debug("A subscription waits", metadata.merging(["error": "\(error)"]) { $1 })
                try? await Task.sleep(for: .milliseconds(500))
            } catch {
                log.warning("A subscription failed and starts again", metadata.merging(["error": "\(error)"]) { $1 })
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// The labels of its metrics.
    public var labels: [(String, String)] { [("subscription", reaction.name), ("source", reader.source), ("part", "\(lease.part)")] }

    /// Returns the age of the first message that is not handled yet.
    public func lag(at now: Timestamp) async throws -> Duration {
        let cursor = try await store.database.read(
            """
            SELECT epoch, transaction_id, position FROM \(trusted: store.schema).checkpoints
            WHERE subscription = \(reaction.name) AND source = \(reader.source) AND part = \(lease.part)
            """
        ).first.map { Cursor(epoch: try $0.read("epoch"), transaction: try $0.read("transaction_id"), position: try $0.read("position")) }
        guard let first = try await reader.read(after: cursor ?? Cursor(), limit: 1).first else { return .zero }
        return max(.zero, now.since(first.1.at))
    }

    private var metadata: [String: String] { ["subscription": reaction.name, "source": reader.source, "part": "\(lease.part)"] }

    private func hold(_ token: Int64, from start: Cursor, since first: Int) async throws {
        var cursor = start, seen = first
        let parked = try await parkedStreams()
        var session = Session(token: token, parked: parked)
        do {
            var batch = try await reader.read(after: cursor, limit: Self.batch)
            while !Task.isCancelled {
                if batch.isEmpty {
                    try await signals.wait(for: reader.source, after: seen, atMost: Self.poll)
                    seen = signals.count(of: reader.source)
                    try await pass(to: cursor, &session)
                    if !session.parked.isEmpty { try await retryParked(at: cursor, &session) }
                    batch = try await reader.read(after: cursor, limit: Self.batch)
                    continue
                }
                cursor = batch[batch.count - 1].0
                batch = try await handle(batch, &session, readingOnFrom: cursor)
            }
        } catch is CancellationError {}
        _ = try? await store.database.transact([lease.release(token: token)])
    }

    struct Session {
        let token: Int64
        var parked: Set<StreamName>
        /// When the checkpoint was last written, and the lease renewed with it.
        var advancedAt = ContinuousClock.now
    }

    /// Handles a batch and returns the next one. After a full batch another is likely, so it is read concurrently.
    private func handle(_ batch: [(Cursor, Envelope)], _ session: inout Session, readingOnFrom cursor: Cursor) async throws -> [(
        Cursor, Envelope
    )] {
        guard batch.count == Self.batch else {
            try await handle(batch, &session)
            return try await reader.read(after: cursor, limit: Self.batch)
        }
        async let next = reader.read(after: cursor, limit: Self.batch)
        try await handle(batch, &session)
        return try await next
    }

    /// Handles the whole batch in one transaction, or message by message when that fails.
    private func handle(_ batch: [(Cursor, Envelope)], _ session: inout Session) async throws {
        do {
            guard batch.allSatisfy({ !session.parked.contains($0.1.stream) }) else { throw OneByOne() }
            var commits: [Commit] = [], streams: Set<StreamName> = []
            for envelope in try await reaction.prefilter(batch.map(\.1).filter(hears)) {
                let effects = try await reaction.react(envelope)
                guard streams.isDisjoint(with: effects.appends.map(\.stream)) else { throw OneByOne() }
                streams.formUnion(effects.appends.map(\.stream))
                commits.append(commit(effects, for: envelope))
            }
            try await write(commits, upTo: batch[batch.count - 1].0, &session)
        } catch let error as DatabaseError where error.isPassing {
            throw error
        } catch DatabaseError.unaffected(let statement) {
            throw DatabaseError.unaffected(statement: statement)
        } catch {
            for (cursor, envelope) in batch { try await single(envelope, at: cursor, &session) }
        }
    }

    private struct OneByOne: Error {}

    private func hears(_ envelope: Envelope) -> Bool { reaction.names?.contains(envelope.name) ?? true }

    func commit(_ effects: Changes, for envelope: Envelope) -> Commit {
        Commit(effects.appends, rows: effects.rows, trace: Trace(correlation: envelope.trace.correlation, causation: envelope.id))
    }

    /// Moves the checkpoint past messages without effects. They may be read again, so it is written only now and then, which saves a
    /// durable commit for each.
    private func pass(to cursor: Cursor, _ session: inout Session) async throws {
        guard session.advancedAt.duration(to: .now) >= Self.passing else { return }
        _ = try await store.database.transact([lease.advance(to: cursor, token: session.token)])
        session.advancedAt = .now
    }

    private func write(_ commits: [Commit], upTo cursor: Cursor, _ session: inout Session) async throws {
        let commits = commits.filter { !$0.appends.isEmpty || !$0.rows.isEmpty || !$0.messages.isEmpty }
        guard !commits.isEmpty else { return try await pass(to: cursor, &session) }
        var sealed: [Commit] = []
        for commit in commits { sealed.append(try await store.encrypted(commit)) }
        crashes.reach(.beforeCheckpoint, in: reaction.name)
        _ = try await store.database.transact([lease.advance(to: cursor, token: session.token)] + store.script.statements(for: sealed))
        session.advancedAt = .now
        crashes.reach(.afterCheckpoint, in: reaction.name)
        if commits.contains(where: { !$0.appends.isEmpty || !$0.messages.isEmpty }) { store.signal() }
    }

    private func single(_ envelope: Envelope, at cursor: Cursor, _ session: inout Session) async throws {
        guard hears(envelope) else { return try await write([], upTo: cursor, &session) }
        // The stream goes on when an operator has dropped its parked messages.
        if session.parked.contains(envelope.stream) { session.parked = try await parkedStreams() }
        if session.parked.contains(envelope.stream) {
            return try await park(envelope, at: cursor, "an earlier message of the stream is parked", session.token)
        }
        var failures = 0, conflicts = 0
        while true {
            do {
                let effects = try await reaction.react(envelope)
                return try await write([commit(effects, for: envelope)], upTo: cursor, &session)
            } catch let error where Self.isPassing(error) {
                throw error
            } catch let error where store.isVersionConflict(error) {
                // Another writer was faster: the message is handled again, and this does not count as a failure.
                conflicts += 1
                guard conflicts < Self.mostConflicts else { throw error }
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...min(200, conflicts * 10))))
            } catch DatabaseError.unaffected(let statement) {
                throw DatabaseError.unaffected(statement: statement)
            } catch {
                failures += 1
                guard failures >= Self.attempts else {
                    try await Task.sleep(for: .milliseconds(50 * failures * failures))
                    continue
                }
                log.error(
                    "A stream of a subscription was parked", metadata.merging(["stream": "\(envelope.stream)", "error": "\(error)"]) { $1 })
                session.parked.insert(envelope.stream)
                return try await park(envelope, at: cursor, "\(error)", session.token)
            }
        }
    }

    /// Returns whether a failure is transient and not the message's fault: waiting is right, parking is not.
    static func isPassing(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError: error.isPassing
        case RequestError.unavailable, RequestError.outcomeUnknown, AskFailure.timedOut, is CancellationError: true
        default: false
        }
    }
}

extension Subscription {
    func parkedStreams() async throws -> Set<StreamName> {
        let rows = try await store.database.read(
            """
            SELECT DISTINCT category, id FROM \(trusted: store.schema).dead_letters WHERE subscription = \(reaction.name) \
            AND source = \(reader.source)
            """
        )
        return Set(try rows.map { StreamName(try $0.read("category"), try $0.read("id")) })
    }

    private func park(_ envelope: Envelope, at cursor: Cursor, _ reason: String, _ token: Int64) async throws {
        let body: JSON = [
            "subject": .string(envelope.subject), "version": .int(Int64(envelope.version)), "at": .int(envelope.at.milliseconds),
            "audience": .array(envelope.audience.map(\.json)), "correlation": .string(envelope.trace.correlation),
            "data": .object(envelope.data),
        ]
        _ = try await store.database.transact([
            lease.advance(to: cursor, token: token),
            """
            INSERT INTO \(trusted: store.schema).dead_letters (subscription, envelope, source, name, category, id, body, error, at,
                epoch, transaction_id, position, parked_at)
            VALUES (\(reaction.name), \(envelope.id), \(reader.source), \(envelope.name), \(envelope.stream.category), \
            \(envelope.stream.id),
                \(body), \(String(reason.prefix(2_000))), \(envelope.at), \(cursor.epoch), \(cursor.transaction), \
            \(cursor.position), \(lease.clock()))
            ON CONFLICT (subscription, envelope) DO NOTHING
            """,
        ])
    }
}
