/// Events of one stream that are to be stored, with the state after them.
public struct Append: Sendable {
    public let stream: StreamName
    /// The version the decision was made on; the append fails when the stream has moved on.
    public let expected: Int
    public let events: [NewEvent]
    /// The data of the events as they are stored, where that is not what is told.
    public var sealed: [JSON.Object]?
    /// Nil where the stored one stays as it is.
    public var state: JSON?
    public let schemaVersion: Int
    public let org: OrgID?
    public let at: Timestamp
    public let claims: [Claim]
    /// Rows of the module's own views.
    public let rows: [SQL]

    /// An event together with what its outbox row says.
    public struct NewEvent: Sendable {
        public let wire: EventData
        public let envelope: String
        public let subject: String
        public let audience: [OrgID]
    }

    /// The append for what a decision on a snapshot has brought.
    /// - Parameter audience: who is to hear of the events, where that is not what the aggregate says.
    public init<A: Aggregate>(_ events: [A.Event], to snapshot: Snapshot<A>, at now: Timestamp, audience: [OrgID]? = nil) throws {
        var state = snapshot.state, recorded: [NewEvent] = [], claims: [Claim] = [], rows: [SQL] = []
        for (place, event) in events.enumerated() {
            let before = state
            state.apply(event)
            recorded.append(
                NewEvent(
                    wire: try A.events.encode(event, in: state, at: now), envelope: UUIDText.fresh(at: now).text,
                    subject: state.publicID ?? snapshot.stream.id, audience: audience ?? state.audience(of: event, before: before)))
            claims += A.claims(of: event, before: before)
            rows += try A.viewRows(
                Change(
                    stream: snapshot.stream, event: event, before: before, after: state, version: snapshot.version + place + 1, at: now))
        }
        self.stream = snapshot.stream
        self.expected = snapshot.version
        self.events = recorded
        self.claims = claims
        self.rows = rows
        let isChanged = snapshot.version == 0 || !snapshot.isStoredAsIs || events.contains(where: A.changesState)
        (self.state, self.schemaVersion) = (isChanged ? try JSON(encoding: state) : nil, A.category.schemaVersion)
        (self.org, self.at) = (state.organisation, now)
    }

    public var version: Int { expected + events.count }
}

/// What becomes true in one transaction.
public struct Commit: Sendable {
    public var appends: [Append]
    public var rows: [SQL]
    public var messages: [OutgoingMessage]
    public let trace: Trace

    public init(_ appends: [Append] = [], rows: [SQL] = [], messages: [OutgoingMessage] = [], trace: Trace) {
        self.appends = appends
        self.rows = rows
        self.messages = messages
        self.trace = trace
    }

    /// A fact for the outbox.
    public struct OutgoingMessage: Sendable {
        public let name: String
        public let stream: StreamName
        public let envelope: String
        public let audience: [OrgID]
        public let at: Timestamp
        public let data: JSON.Object

        public init(_ fact: some PublishedMessage, audience: [OrgID] = [], at now: Timestamp, envelope: String? = nil) throws {
            name = type(of: fact).name
            stream = fact.stream
            self.audience = audience
            at = now
            self.envelope = envelope ?? UUIDText.fresh(at: now).text
            data = try JSON(encoding: fact).members ?? [:]
        }
    }
}

/// Why a commit did not happen. Nothing of it is stored.
public enum CommitFailure: Error, Sendable, Equatable {
    /// The stream has moved on since it was loaded.
    case versionConflict
    /// Another stream holds a claimed value.
    case claimTaken(kind: String)
    /// A row with a unique value exists already; the name is the constraint's.
    case duplicate(constraint: String)
    /// A CHECK of a table does not hold.
    case violated(check: String)
}

/// A stored event as histories show it.
public struct StoredEvent: Sendable {
    public let stream: StreamName
    public let version: Int
    public let wire: EventData
    public let at: Timestamp
    public let org: OrgID?
    public init(stream: StreamName, version: Int, wire: EventData, at: Timestamp, org: OrgID?) {
        self.stream = stream
        self.version = version
        self.wire = wire
        self.at = at
        self.org = org
    }
}

/// The row of an aggregate before anyone has typed it.
public struct StoredState: Sendable {
    public let version: Int
    public let schemaVersion: Int
    public let state: JSON
    public let changedAt: Timestamp
    public init(version: Int, schemaVersion: Int, state: JSON, changedAt: Timestamp) {
        self.version = version
        self.schemaVersion = schemaVersion
        self.state = state
        self.changedAt = changedAt
    }
}

/// What a look at a stored state finds.
public enum LoadResult: Sendable {
    case nothing
    /// The state is the one that the caller has.
    case unchanged
    case state(StoredState)
}

/// A module's own storage.
public struct Store: Sendable {
    /// The current state of a stream and the credential epoch, in one round trip. The state itself is left out where the caller has it.
    public let state: @Sendable (StreamName, _ known: StateVersion?) async throws -> (LoadResult, epoch: Int64)
    /// Events of a stream from a version on, at most `limit`.
    public let history: @Sendable (StreamName, _ from: Int, _ limit: Int) async throws -> [StoredEvent]
    public let commit: @Sendable (Commit) async throws -> Void
    public let query: @Sendable (SQL) async throws -> [Row]
    /// Queries that belong together, in one round trip.
    public let read: @Sendable ([SQL]) async throws -> [[Row]]
    /// Statements in one transaction; a `mustAffect` failure or any error undoes all.
    public let run: @Sendable ([SQL]) async throws -> [[Row]]
    /// Waits until no other command of this process works on the stream.
    public let lockStream: @Sendable (StreamName) async throws -> StreamLock
    /// The condition, as SQL, that what a decision relied on is still so.
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

    /// The same store with something that follows each commit.
    func following(_ follow: @escaping @Sendable (Commit) async -> Void) -> Store {
        Store(
            state: state, history: history,
            commit: { [commit] what in
                try await commit(what)
                await follow(what)
            }, query: query, read: read, run: run, lockStream: lockStream, holds: holds)
    }

    public func load<A: Aggregate>(_ type: A.Type = A.self, _ id: String) async throws -> Snapshot<A> {
        try await loadWithEpoch(type, id).0
    }

    /// The state, folded anew from its events where the stored one has another shape.
    func loadWithEpoch<A: Aggregate>(_ type: A.Type, _ id: String) async throws -> (Snapshot<A>, epoch: Int64) {
        let known = recent.find(A.self, A.stream(id))
        return try await load(type, A.stream(id), known)
    }

    private func load<A: Aggregate>(
        _ type: A.Type, _ stream: StreamName, _ known: (snapshot: Snapshot<A>, epoch: Int64)?
    ) async throws -> (Snapshot<A>, epoch: Int64) {
        let (found, epoch) = try await state(stream, known?.snapshot.mark)
        switch found {
        case .nothing: return (Snapshot(stream: stream, state: A(), version: 0, changedAt: Timestamp(milliseconds: 0)), epoch)
        case .unchanged:
            if let known, A.events.personal.isEmpty || known.epoch == epoch { return (known.snapshot, epoch) }
            return try await load(type, stream, nil)
        case .state(let stored):
            let state: A =
                stored.schemaVersion == A.category.schemaVersion ? try stored.state.decoded() : try await fold(stream, upTo: stored.version)
            var snapshot = Snapshot(stream: stream, state: state, version: stored.version, changedAt: stored.changedAt)
            snapshot.isStoredAsIs = stored.schemaVersion == A.category.schemaVersion
            recent.keep(snapshot, at: epoch)
            return (snapshot, epoch)
        }
    }

    /// Commits events of one stream, and keeps the state after them.
    public func commit<A: Aggregate>(_ events: [A.Event], to snapshot: Snapshot<A>, rows: [SQL] = [], at now: Timestamp, trace: Trace)
        async throws
    {
        try await commit(Commit([try Append(events, to: snapshot, at: now)], rows: rows, trace: trace))
        if let known = recent.find(A.self, snapshot.stream) { keep(events, after: snapshot, at: now, epoch: known.epoch) }
    }

    /// Keeps what a commit has made of a state, so that the next load need not read it.
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

/// The right to work on a stream, until it is released.
public struct StreamLock: Sendable {
    public let release: @Sendable () -> Void
    public init(release: @escaping @Sendable () -> Void) { self.release = release }
}
