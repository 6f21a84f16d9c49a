import Kernel
import Synchronization

/// A state as it was loaded, with what is known of it besides.
struct LoadedState<A: Aggregate>: Sendable {
    let snapshot: Snapshot<A>
    /// The version of the credentials at which it was read: an erasure raises it, and what is personal in a state may be in clear here.
    let credentials: Int64
    /// Answers that were written out for this state.
    let renderings: Renderings
}

/// States as they were last seen, decoded. Every use asks the database whether the state is still the same, so that what other processes
/// have changed is never overlooked; what is spared is reading and decoding it.
final class RecentStates: Sendable {
    private let states = Mutex<[StreamName: any Sendable]>([:])
    private static let limit = 5_000

    func find<A: Aggregate>(_ type: A.Type, _ stream: StreamName) -> LoadedState<A>? {
        states.withLock { $0[stream] } as? LoadedState<A>
    }

    @discardableResult
    func keep<A: Aggregate>(_ snapshot: Snapshot<A>, at credentials: Int64) -> LoadedState<A> {
        let loaded = LoadedState(snapshot: snapshot, credentials: credentials, renderings: Renderings())
        states.withLock { states in
            if states.count >= Self.limit, states[snapshot.stream] == nil, let any = states.keys.first { states[any] = nil }
            states[snapshot.stream] = loaded
        }
        return loaded
    }
}
