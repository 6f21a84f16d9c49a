public import Application
public import Database
public import Kernel

/// A module's storage on a database.
public struct ModuleStore: Sendable {
    let schema: String
    let database: any Database
    let script: CommitScript
    private let writer: CommitWriter
    private let group: GroupCommit
    private let reads: ReadBatcher
    private let streamLocks = StreamLocks()
    private let people: PersonKeys?
    private let current: CurrentStates?
    /// The personal fields, by category.
    private let personal: [String: Personal]

    /// - Parameters:
    ///   - epoch: the outbox epoch from `Epochs.current`.
    ///   - people: the keys under which personal fields of the aggregates are sealed; nil when there are no personal fields.
    ///   - group: gathers the commits of several modules; nil for a group of the module's own.
    ///   - membership: knows whether only this process writes; nil to ask for every state.
    ///   - posted: called after a commit that wrote to the outbox; must not block.
    public init(
        schema: String, database: any Database, epoch: Int, people: PersonKeys? = nil, aggregates: [AnyAggregate] = [],
        group: GroupCommit? = nil, membership: SoleMembership? = nil, posted: @escaping @Sendable (OutboxNotice) -> Void = { _ in }
    ) {
        self.schema = schema
        self.database = database
        self.people = people
        personal = Dictionary(aggregates.filter { !$0.personal.isEmpty }.map { ($0.category.name, $0.personal) }) { first, _ in first }
        script = CommitScript(schema: schema, dialect: database.dialect, epoch: epoch)
        current = membership.map { CurrentStates(of: schema, $0) }
        writer = CommitWriter(script: script, current: current, posted: posted)
        self.group = group ?? GroupCommit(database)
        reads = ReadBatcher(database: database)
    }

    /// The store as the module's use cases see it.
    public var port: Store {
        Store(
            state: { try await state($0, known: $1) }, history: { try await history($0, from: $1, limit: $2) },
            commit: { try await commit($0) },
            query: { query in try await clear { try await reads.read([query])[0] } },
            read: { queries in try await clear { try await reads.read(queries) } },
            run: { statements in try await clear { try await run(statements) } },
            lockStream: { try await streamLocks.take($0) }, holds: FenceCondition.sql)
    }

    private func state(_ stream: StreamName, known: StateVersion?) async throws -> (LoadResult, epoch: Int64) {
        let reading = current?.begin(reading: stream)
        if let reading, let known, current?.isCurrent(known, for: reading) == true {
            return (.unchanged, try await credentials(for: reading))
        }
        let found = try await stored(stream, known: known)
        if let reading, let version = found.version { current?.note(version, credentials: found.epoch, after: reading) }
        return (found.result, found.epoch)
    }

    /// Returns the credentials epoch when only that is not known.
    private func credentials(for reading: CurrentStates.Reading) async throws -> Int64 {
        if let known = reading.view.credentials { return known }
        let row = try await clear { try await reads.read(["SELECT epoch FROM platform.credentials_epoch"])[0].first }
        let epoch = try row?.read("epoch", as: Int64.self) ?? 0
        people?.see(epoch)
        return epoch
    }

    private func stored(_ stream: StreamName, known: StateVersion?) async throws -> (
        result: LoadResult, version: StateVersion?, epoch: Int64
    ) {
        let row = try await clear {
            try await reads.read([
                """
                SELECT c.epoch, a.version, a.shape, a.changed_at, CASE WHEN a.version = \(known?.version ?? -1) \
                AND a.changed_at = \(known?.changedAt.milliseconds ?? -1)
                    THEN NULL ELSE a.state END AS state
                FROM platform.credentials_epoch c LEFT JOIN \(trusted: schema).aggregates a ON a.category = \(stream.category) \
                AND a.id = \(stream.id)
                """
            ])[0].first
        }
        let epoch = try row?.read("epoch", as: Int64.self) ?? 0
        people?.see(epoch)
        guard let row, let number = try row.find("version", as: Int.self) else { return (.nothing, nil, epoch) }
        let version = StateVersion(version: number, changedAt: try row.read("changed_at"))
        guard let stored = try row.find("state", as: JSON.self) else { return (.unchanged, version, epoch) }
        let state = try await decrypted(stored, of: stream)
        let found = StoredState(
            version: number, schemaVersion: try row.read("shape"), state: state, changedAt: version.changedAt)
        return (.state(found), version, epoch)
    }

    private func history(_ stream: StreamName, from version: Int, limit: Int) async throws -> [StoredEvent] {
        try await clear {
            let rows = try await database.read(
                """
                SELECT version, type, data, org_id, at FROM \(trusted: schema).events
                WHERE category = \(stream.category) AND id = \(stream.id) AND version >= \(version) ORDER BY version LIMIT \(limit)
                """)
            var events: [StoredEvent] = []
            for row in rows {
                let data = try await decrypted(try row.read("data"), of: stream)
                events.append(
                    StoredEvent(
                        stream: stream, version: try row.read("version"), wire: EventData(try row.read("type"), data.members ?? [:]),
                        at: try row.read("at"), org: try row.find("org_id")))
            }
            return events
        }
    }

    /// Returns a value of a stream with its sealed texts decrypted.
    public func decrypted(_ json: JSON, of stream: StreamName) async throws -> JSON {
        guard let people, personal[stream.category] != nil else { return json }
        return try await people.open(json, of: stream)
    }

    /// Returns the commit with its personal fields encrypted.
    func encrypted(_ commit: Commit) async throws -> Commit {
        guard let people else { return commit }
        var commit = commit
        for (place, append) in commit.appends.enumerated() {
            guard let personal = personal[append.stream.category] else { continue }
            let events = append.events.map { (fields: personal.events[$0.wire.type] ?? [], object: $0.wire.data) }
            let sealed = try await people.seal(events + [(personal.state, append.state?.members ?? [:])], of: append.stream)
            commit.appends[place].sealed = Array(sealed.dropLast())
            if append.state != nil, let state = sealed.last { commit.appends[place].state = .object(state) }
        }
        return commit
    }

    private func run(_ statements: [SQL]) async throws -> [[Row]] {
        do { return try await database.transact(statements).map(\.rows) } catch DatabaseError.check(let name) {
            throw CommitFailure.violated(check: name)
        }
    }

    private func commit(_ plain: Commit) async throws {
        let commit = try await clear { try await encrypted(plain) }
        do {
            try await clear { try await group.commit(commit, by: writer) }
        } catch DatabaseError.unique(let constraint) {
            throw try await conflict(constraint, in: commit)
        } catch DatabaseError.check(let name) where name.hasSuffix(Fences.constraint) {
            throw CommitFailure.credentialsChanged
        } catch DatabaseError.check(let name) {
            throw CommitFailure.violated(check: name)
        }
    }

    /// Writes commits that are encrypted already in one transaction, after some other statements.
    func write(_ commits: [Commit], after statements: [SQL]) async throws {
        try await CommitWriter.write([(writer, commits)], after: statements, on: database)
    }

    /// Returns whether a transaction failed because another writer had appended to one of its streams.
    func isVersionConflict(_ error: any Error) -> Bool {
        if case DatabaseError.unique(let constraint) = error { return table(of: constraint) == "events" }
        if case CommitFailure.versionConflict = error { return true }
        return false
    }

    /// Translates a violated unique key into the error that the caller of the commit gets.
    private func conflict(_ constraint: String, in commit: Commit) async throws -> any Error {
        switch table(of: constraint) {
        case "events": return CommitFailure.versionConflict
        case "claims":
            for case .take(let kind, let value) in commit.appends.flatMap(\.claims) {
                let held = try await database.read("SELECT id FROM \(trusted: schema).claims WHERE kind = \(kind) AND value = \(value)")
                if !held.isEmpty { return CommitFailure.claimTaken(kind: kind) }
            }
            return CommitFailure.versionConflict  // released meanwhile: decide again
        default: return CommitFailure.duplicate(constraint: constraint)
        }
    }

    /// `events_pkey` (PostgreSQL) and `access_events.category, …` (SQLite) both name the table.
    private func table(of constraint: String) -> Substring {
        if let end = constraint.firstRange(of: "_pkey") { return constraint[..<end.lowerBound] }
        return constraint.prefix { $0 != "." }.drop { $0 != "_" }.dropFirst()
    }

    /// Translates transient database errors into request errors.
    private func clear<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch DatabaseError.outcomeUnknown {
            throw RequestError.outcomeUnknown
        } catch let error as DatabaseError where error.isPassing {
            throw RequestError.unavailable("The database is not available now.", retryAfter: .seconds(2))
        }
    }
}
