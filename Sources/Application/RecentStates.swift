import Kernel
import Synchronization

/// A loaded state with its credentials epoch and its serialised responses.
struct LoadedState<A: Aggregate>: Sendable {
    let snapshot: Snapshot<A>
    /// The credentials epoch at which it was read. An erasure raises it, and personal data in the state may be in clear text here.
    let credentials: Int64
    /// Responses that were serialised for this state.
    let renderings: Renderings
}

/// A cache of decoded states. Every use finds out whether the state is still current, so that changes of other processes are never missed:
/// a query asks the database, and what a command decides on it takes effect only if it is (see `CommandExecutor`).
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
