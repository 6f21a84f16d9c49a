import Synchronization

/// What tells one state of a stream from another.
public struct Mark: Sendable, Equatable {
    public let version: Int
    public let changedAt: Moment
    public init(version: Int, changedAt: Moment) { (self.version, self.changedAt) = (version, changedAt) }
}

extension Snapshot {
    var mark: Mark { Mark(version: version, changedAt: changedAt) }
}

/// States as they were last seen, decoded. Every use asks the database whether the state is still the same, so that what other processes
/// have changed is never overlooked; what is spared is reading and decoding it.
final class RecentStates: Sendable {
    private let states = Mutex<[StreamName: any Sendable]>([:])
    private static let most = 5_000

    func find<A: Aggregate>(_ type: A.Type, _ stream: StreamName) -> Snapshot<A>? { states.withLock { $0[stream] } as? Snapshot<A> }

    func keep(_ snapshot: Snapshot<some Aggregate>) {
        states.withLock { states in
            if states.count >= Self.most, states[snapshot.stream] == nil, let any = states.keys.first { states[any] = nil }
            states[snapshot.stream] = snapshot
        }
    }
}
