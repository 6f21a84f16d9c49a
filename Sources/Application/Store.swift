public import Kernel

/// The result of looking up a stored state.
public enum LoadResult: Sendable {
    case nothing
    /// The caller already has this state.
    case unchanged
    case state(StoredState)
}

/// A module's own storage.
public struct Store: Sendable {
    /// Returns a stream's state and the credentials epoch in one round trip; the state is left out when the caller already has it.
    public let state: @Sendable (StreamName, _ known: StateVersion?) async throws -> (LoadResult, epoch: Int64)
    /// Returns at most `limit` events of a stream, starting at a version.
    public let history: @Sendable (StreamName, _ from: Int, _ limit: Int) async throws -> [StoredEvent]
    public let commit: @Sendable (Commit) async throws -> Void
    public let query: @Sendable (SQL) async throws -> [Row]
    /// Runs related queries in one round trip.
    public let read: @Sendable ([SQL]) async throws -> [[Row]]
    /// Runs statements in one transaction; a `mustAffect` failure or any other error rolls back all of them.
    public let run: @Sendable ([SQL]) async throws -> [[Row]]
    /// Takes the stream lock: waits until no other command of this process works on the stream.
    public let lockStream: @Sendable (StreamName) async throws -> StreamLock
    /// Returns the SQL condition that a fence still holds.
    public let holds: @Sendable (Fence) -> SQL
    private let recent = RecentStates()

    public init(
        state: @escaping @Sendable (StreamName, StateVersion?) async throws -> (LoadResult, epoch: Int64),
        history: @escaping @Sendable (StreamName, Int, Int) async throws -> [StoredEvent],
        commit: @escaping @Sendable (Commit) async throws -> Void, query: @escaping @Sendable (SQL) async throws -> [Row],
        read: @escaping @Sendable ([SQL]) async throws -> [[Row]],
        run: @escaping @Sendable ([SQL]) async throws -> [[Row]], lockStream: @escaping @Sendable (StreamName) async throws -> StreamLock,
        holds: @escaping @Sendable (Fence) -> SQL
    ) {
        self.state = state
        self.history = history
        self.commit = commit
        self.query = query
        self.read = read
        self.run = run
        self.lockStream = lockStream
        self.holds = holds
    }

    /// Returns the same store with a follow-up after each commit.
    func following(_ follow: @escaping @Sendable (Commit) async -> Void) -> Store {
        Store(
            state: state, history: history,
            commit: { [commit] what in
                try await commit(what)
                await follow(what)
            }, query: query, read: read, run: run, lockStream: lockStream, holds: holds)
    }

    public func load<A: Aggregate>(_ type: A.Type = A.self, _ id: String) async throws -> Snapshot<A> {
        try await loadState(type, id).snapshot
    }

    /// Loads the state; folds it again from its events when the stored state has another schema version.
    func loadState<A: Aggregate>(_ type: A.Type, _ id: String) async throws -> LoadedState<A> {
        let stream = A.stream(id)
        return try await load(stream, known: recent.find(A.self, stream))
    }

    /// Returns the state that this process remembers; it may be outdated, and it is for the commit to find out.
    func remembered<A: Aggregate>(_ type: A.Type, _ id: String) -> LoadedState<A>? { recent.find(A.self, A.stream(id)) }

    private func load<A: Aggregate>(_ stream: StreamName, known: LoadedState<A>?) async throws -> LoadedState<A> {
        let (found, credentials) = try await state(stream, known?.snapshot.stateVersion)
        switch found {
        case .nothing:
            let empty = Snapshot(stream: stream, state: A(), version: 0, changedAt: Timestamp(milliseconds: 0))
            return LoadedState(snapshot: empty, credentials: credentials, renderings: Renderings())
        case .unchanged:
            if let known, A.events.personal.isEmpty || known.credentials == credentials {
                return LoadedState(snapshot: known.snapshot, credentials: credentials, renderings: known.renderings)
            }
            return try await load(stream, known: nil)
        case .state(let stored):
            let state: A =
                stored.schemaVersion == A.category.schemaVersion ? try stored.state.decoded() : try await fold(stream, upTo: stored.version)
            var snapshot = Snapshot(stream: stream, state: state, version: stored.version, changedAt: stored.changedAt)
            snapshot.isStoredAsIs = stored.schemaVersion == A.category.schemaVersion
            return recent.keep(snapshot, at: credentials)
        }
    }

    /// Commits events of one stream and caches the state after them.
    public func commit<A: Aggregate>(_ events: [A.Event], to snapshot: Snapshot<A>, rows: [SQL] = [], at now: Timestamp, trace: Trace)
        async throws
    {
        try await commit(Commit([try Append(events, to: snapshot, at: now)], rows: rows, trace: trace))
        if let known = recent.find(A.self, snapshot.stream) { keep(events, after: snapshot, at: now, epoch: known.credentials) }
    }

    /// Caches the state after a commit, so that the next load need not read it.
    func keep<A: Aggregate>(_ events: [A.Event], after snapshot: Snapshot<A>, at now: Timestamp, epoch: Int64) {
        var state = snapshot.state
        for event in events { state.apply(event) }
        var kept = Snapshot(stream: snapshot.stream, state: state, version: snapshot.version + events.count, changedAt: now)
        kept.isStoredAsIs = true
        recent.keep(kept, at: epoch)
    }

    private func fold<A: Aggregate>(_ stream: StreamName, upTo version: Int) async throws -> A {
        var state = A()
        for stored in try await history(stream, 1, version) { state.apply(try A.events.decode(stored)) }
        return state
    }
}

/// A stream lock, held until it is released.
public struct StreamLock: Sendable {
    public let release: @Sendable () -> Void
    public init(release: @escaping @Sendable () -> Void) { self.release = release }
}
