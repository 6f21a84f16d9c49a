import Synchronization

/// What tells one state of a stream from another.
public struct StateVersion: Sendable, Equatable {
    public let version: Int
    public let changedAt: Timestamp
    public init(version: Int, changedAt: Timestamp) { (self.version, self.changedAt) = (version, changedAt) }
}

extension Snapshot {
    var mark: StateVersion { StateVersion(version: version, changedAt: changedAt) }
}

/// States as they were last seen, decoded. Every use asks the database whether the state is still the same, so that what other processes
/// have changed is never overlooked; what is spared is reading and decoding it.
final class RecentStates: Sendable {
    private struct Entry: Sendable {
        let snapshot: any Sendable
        let epoch: Int64
    }
    private let states = Mutex<[StreamName: Entry]>([:])
    private static let most = 5_000

    /// Also the epoch of the credentials at which it was read: an erasure moves it, and what is personal in a state may be in clear here.
    func find<A: Aggregate>(_ type: A.Type, _ stream: StreamName) -> (snapshot: Snapshot<A>, epoch: Int64)? {
        guard let entry = states.withLock({ $0[stream] }), let snapshot = entry.snapshot as? Snapshot<A> else { return nil }
        return (snapshot, entry.epoch)
    }

    func keep(_ snapshot: Snapshot<some Aggregate>, at epoch: Int64) {
        states.withLock { states in
            if states.count >= Self.most, states[snapshot.stream] == nil, let any = states.keys.first { states[any] = nil }
            states[snapshot.stream] = Entry(snapshot: snapshot, epoch: epoch)
        }
    }
}
