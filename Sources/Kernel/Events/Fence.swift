/// What a decision relied on. It travels with an ask, and whoever stores an effect of it stores nothing when it no longer holds.
public struct Fence: Codable, Sendable, Equatable {
    /// A stream at the state that was read.
    public struct Stream: Codable, Sendable, Equatable {
        public let module: String
        public let category: String
        public let id: String
        public let version: Int
        public let changedAt: Timestamp
    }
    public let streams: [Stream]
    /// The version of the credentials: suspensions and revoked keys raise it.
    public let credentials: Int64

    public init<A: Aggregate>(_ snapshot: Snapshot<A>, of module: String, credentials: Int64) {
        let stream = Stream(
            module: module, category: snapshot.stream.category, id: snapshot.stream.id, version: snapshot.version,
            changedAt: snapshot.changedAt)
        (streams, self.credentials) = ([stream], credentials)
    }
}

/// Thrown when what a decision relied on has changed before its effect was stored: it is made anew.
public struct FenceBroken: Error, Sendable {
    public init() {}
}
