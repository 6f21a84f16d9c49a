/// Distinguishes one state of a stream from another.
public struct StateVersion: Sendable, Equatable {
    public let version: Int
    public let changedAt: Timestamp
    public init(version: Int, changedAt: Timestamp) {
        self.version = version
        self.changedAt = changedAt
    }
}

extension Snapshot {
    package var stateVersion: StateVersion { StateVersion(version: version, changedAt: changedAt) }
}
