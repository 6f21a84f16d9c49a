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
