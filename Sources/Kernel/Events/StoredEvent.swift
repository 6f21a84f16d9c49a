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

/// The stored row of an aggregate, before its state is decoded into a type.
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
