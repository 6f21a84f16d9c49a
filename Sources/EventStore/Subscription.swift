public import Application
import Database
public import Kernel

/// Feeds one part of a reaction from one outbox: in batches, in order per stream, with effects and checkpoint in one transaction.
public struct Subscription: Sendable {
    let reaction: Reaction
    let lease: Lease
    let reader: OutboxReader
    let store: ModuleStore
    let listener: OutboxListener
    let checkpoints: Checkpoints
    let log: Log
    let crashes: CrashPoints

    private static let batch = 500
    private static let attempts = 3, mostConflicts = 50
    /// The polling interval, in case a wake-up is lost.
    private static let poll = Duration.milliseconds(1_000)
    /// How long to wait before looking again for what is announced but hidden behind an older transaction, each time.
    private static let looks: [Duration] = [.milliseconds(1), .milliseconds(2), .milliseconds(4)]

    /// Returns all parts of a reaction of the module that `store` belongs to.
    public static func all(
        of reaction: Reaction, store: ModuleStore, holder: String, signals: OutboxSignals, checkpoints: Checkpoints, log: Log,
        crashes: CrashPoints = .none, clock: @escaping @Sendable () -> Timestamp
    ) -> [Subscription] {
        reaction.sources.flatMap { source in
            (0..<reaction.partitions).map { part in
                let lease = Lease(
                    schema: store.schema, subscription: reaction.name, source: source, part: part, holder: holder, database: store.database,
                    clock: clock)
                let reader = OutboxReader(
                    source: source, names: reaction.names, database: store.database, epoch: store.script.epoch, part: part,
                    parts: reaction.partitions)
                let listener = signals.listener(to: source, names: reaction.names, part: part, of: reaction.partitions)
                return Subscription(
                    reaction: reaction, lease: lease, reader: reader, store: store, listener: listener, checkpoints: checkpoints, log: log,
                    crashes: crashes)
            }
        }
    }

    /// Runs until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                guard let (token, cursor) = try await lease.take() else {
                    try await Task.sleep(for: Self.poll)
                    continue
                }
                try await hold(token, from: cursor)
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
        guard let first = try await reader.read(after: cursor ?? Cursor(), limit: 1).messages.first else { return .zero }
        return max(.zero, now.since(first.envelope.at))
    }

    private var metadata: [String: String] { ["subscription": reaction.name, "source": reader.source, "part": "\(lease.part)"] }

    private func hold(_ token: Int64, from start: Cursor) async throws {
        var session = Session(
            token: token, cursor: start, reconnections: store.database.reconnections, parked: try await parkedStreams())
        do {
            var batch = try await read(after: start, session)
            while !Task.isCancelled {
                if batch.isFull {
                    batch = try await handleReadingOn(batch, &session)
                } else {
                    try await handle(batch, &session)
                    batch = try await nextBatch(&session)
                }
            }
        } catch is CancellationError {}
        checkpoints.forget(lease)
        _ = try? await store.database.transact([lease.release(token: token)])
    }

    /// Reads on. After a crash the server reuses transaction ids that were never stored, and the cursor may have passed them: then only
    /// the stored checkpoint counts.
    private func read(after cursor: Cursor, _ session: Session) async throws -> OutboxReader.Batch {
        let batch = try await reader.read(after: cursor, limit: Self.batch)
        guard store.database.reconnections == session.reconnections else {
            throw DatabaseError.unreachable("a connection was lost meanwhile")
        }
        listener.hasRead(to: batch.end)
        return batch
    }

    struct Session {
        let token: Int64
        /// Everything up to here is handled.
        var cursor: Cursor
        let reconnections: Int
        var parked: Set<StreamName>
    }

    /// Handles a full batch while the next one is read, for another is likely.
    private func handleReadingOn(_ batch: OutboxReader.Batch, _ session: inout Session) async throws -> OutboxReader.Batch {
        async let next = read(after: batch.end, session)
        try await handle(batch, &session)
        return try await next
    }

    /// Waits for something to read, and reads it. What has been announced may still be hidden behind an older transaction that runs: then
    /// it is looked for again soon.
    private func nextBatch(_ session: inout Session) async throws -> OutboxReader.Batch {
        var seen = Cursor()
        for pause in Self.looks where listener.isBehind {
            seen = listener.announced
            let batch = try await read(after: session.cursor, session)
            guard batch.messages.isEmpty else { return batch }
            try pass(to: batch.end, &session)
            if listener.isBehind { try await Task.sleep(for: pause) }
        }
        listener.leaveToPolling(seen)
        if !session.parked.isEmpty { try await retryParked(at: session.cursor, &session) }
        try await listener.wait(atMost: Self.poll)
        return try await read(after: session.cursor, session)
    }

    /// Handles the whole batch in one transaction, or message by message when that fails.
    private func handle(_ batch: OutboxReader.Batch, _ session: inout Session) async throws {
        do {
            guard batch.messages.allSatisfy({ !session.parked.contains($0.envelope.stream) }) else { throw OneByOne() }
            var commits: [Commit] = [], streams: Set<StreamName> = []
            for (envelope, effects) in try await effects(of: try await reaction.prefilter(batch.messages.map(\.envelope))) {
                guard streams.isDisjoint(with: effects.appends.map(\.stream)) else { throw OneByOne() }
                streams.formUnion(effects.appends.map(\.stream))
                commits.append(commit(effects, for: envelope))
            }
            try await write(commits, upTo: batch.end, &session)
        } catch let error as DatabaseError where error.isPassing {
            throw error
        } catch DatabaseError.unaffected(let statement) {
            throw DatabaseError.unaffected(statement: statement)
        } catch {
            for (cursor, envelope) in batch.messages { try await single(envelope, at: cursor, &session) }
            try pass(to: batch.end, &session)
        }
    }

    private struct OneByOne: Error {}

    /// How many streams are looked at side by side.
    private static let width = 64

    /// Returns the effects of some messages, in their order. The messages of one stream are looked at one after another, those of several
    /// side by side, so that what they read goes to the database together. None sees another's effects, which are committed with its own.
    private func effects(of envelopes: [Envelope]) async throws -> [(Envelope, Changes)] {
        var effects: [(Envelope, Changes)] = []
        for start in stride(from: 0, to: envelopes.count, by: Self.width) {
            let portion = envelopes[start..<min(start + Self.width, envelopes.count)]
            let streams = Dictionary(grouping: portion.indices) { envelopes[$0].stream }
            var found: [Int: Changes] = [:]
            if streams.count == 1 {
                found = try await self.effects(of: envelopes, at: Array(portion.indices))
            } else {
                found = try await withThrowingTaskGroup(of: [Int: Changes].self) { group in
                    for places in streams.values { group.addTask { try await self.effects(of: envelopes, at: places) } }
                    return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
                }
            }
            effects += portion.indices.map { (envelopes[$0], found[$0] ?? .none) }
        }
        return effects
    }

    private func effects(of envelopes: [Envelope], at places: [Int]) async throws -> [Int: Changes] {
        var effects: [Int: Changes] = [:]
        for place in places { effects[place] = try await reaction.react(envelopes[place]) }
        return effects
    }

    func commit(_ effects: Changes, for envelope: Envelope) -> Commit {
        Commit(effects.appends, rows: effects.rows, trace: Trace(correlation: envelope.trace.correlation, causation: envelope.id))
    }

    /// Notes that everything up to a cursor is handled, without effects that would have to be committed with it.
    private func pass(to cursor: Cursor, _ session: inout Session) throws {
        try checkpoints.note(lease, at: cursor, token: session.token, hasMoved: cursor != session.cursor)
        session.cursor = cursor
    }

    private func write(_ commits: [Commit], upTo cursor: Cursor, _ session: inout Session) async throws {
        let commits = commits.filter { !$0.appends.isEmpty || !$0.rows.isEmpty || !$0.messages.isEmpty }
        guard !commits.isEmpty else { return try pass(to: cursor, &session) }
        var sealed: [Commit] = []
        for commit in commits { sealed.append(try await store.encrypted(commit)) }
        crashes.reach(.beforeCheckpoint, in: reaction.name)
        try await store.write(sealed, after: [lease.advance(to: cursor, token: session.token)])
        session.cursor = cursor
        crashes.reach(.afterCheckpoint, in: reaction.name)
    }

    private func single(_ envelope: Envelope, at cursor: Cursor, _ session: inout Session) async throws {
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
