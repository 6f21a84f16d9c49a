/// Events to append to one stream, with the state after them.
public struct Append: Sendable {
    public let stream: StreamName
    /// The version that the decision was based on; the append fails when the stream has moved on.
    public let expected: Int
    public let events: [NewEvent]
    /// The stored data of the events, where it differs from the published data.
    public var sealed: [JSON.Object]?
    /// Nil when the stored state does not change.
    public var state: JSON?
    public let schemaVersion: Int
    public let org: OrgID?
    public let at: Timestamp
    public let claims: [Claim]
    /// Rows of the module's own views.
    public let rows: [SQL]

    /// An event with the contents of its outbox row.
    public struct NewEvent: Sendable {
        public let wire: EventData
        public let envelope: String
        public let subject: String
        public let audience: [OrgID]
    }

    /// Creates the append for the events that were decided on a snapshot.
    /// - Parameter audience: the tenants that receive the events, when they differ from those the aggregate names.
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
