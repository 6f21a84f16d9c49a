/// The contents of one transaction.
public struct Commit: Sendable {
    public var appends: [Append]
    public var rows: [SQL]
    public var messages: [OutgoingMessage]
    /// The credentials epoch on which the decision relies; the commit fails when there is another. Nil for decisions of nobody's request.
    public var credentials: Int64?
    /// How long to wait for it; after that its outcome is unknown.
    public var patience: Duration?
    public let trace: Trace

    public init(_ appends: [Append] = [], rows: [SQL] = [], messages: [OutgoingMessage] = [], trace: Trace) {
        self.appends = appends
        self.rows = rows
        self.messages = messages
        self.trace = trace
    }

    /// A message for the outbox.
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

/// Why a commit failed. Nothing of it is stored.
public enum CommitFailure: Error, Sendable, Equatable {
    /// The stream has moved on since it was loaded (optimistic concurrency).
    case versionConflict
    /// Credentials were changed since the decision was made.
    case credentialsChanged
    /// Another stream holds a claimed value.
    case claimTaken(kind: String)
    /// A row with the same unique value exists already; the name is that of the constraint.
    case duplicate(constraint: String)
    /// A CHECK constraint of a table does not hold.
    case violated(check: String)
}
