/// The state that a decision relied on, as a fencing token. It travels with an ask; effects are stored only while it still holds.
public struct Fence: Codable, Sendable, Equatable {
    /// A stream and the version that was read.
    public struct Stream: Codable, Sendable, Equatable {
        public let module: String
        public let category: String
        public let id: String
        public let version: Int
        public let changedAt: Timestamp
    }
    public let streams: [Stream]
    /// The epoch of the credentials; suspensions and revoked keys raise it.
    public let credentials: Int64

    public init<A: Aggregate>(_ snapshot: Snapshot<A>, of module: String, credentials: Int64) {
        let stream = Stream(
            module: module, category: snapshot.stream.category, id: snapshot.stream.id, version: snapshot.version,
            changedAt: snapshot.changedAt)
        (streams, self.credentials) = ([stream], credentials)
    }
}

/// Thrown when the state that a decision relied on has changed before its effect was stored. The decision is then made again.
public struct FenceBroken: Error, Sendable {
    public init() {}
}
