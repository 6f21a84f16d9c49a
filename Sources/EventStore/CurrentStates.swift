import Kernel
import Synchronization

/// Which versions of a module's states are known to be the stored ones. A version is known from when it was read until this process writes
/// to its stream, as long as no other process may write (`SoleMembership`).
final class CurrentStates: Sendable {
    private struct Known {
        let version: StateVersion
        let era: UInt64
        /// Milliseconds of uptime.
        let at: Int64
    }
    private struct State {
        var known: [StreamName: Known] = [:]
        /// The number of the last write to a stream of each stripe, and how many writes are under way.
        var writes: [(last: UInt64, underWay: Int)]
        var count: UInt64 = 0
    }

    /// The point in time at which a stream was beginning to be read.
    struct Reading {
        let stream: StreamName
        let view: SoleMembership.View
        fileprivate let count: UInt64
    }

    private let state = Mutex(State(writes: Array(repeating: (0, 0), count: stripes)))
    private let membership: SoleMembership
    private let schema: String
    private static let stripes = 256, limit = 5_000

    init(of schema: String, _ membership: SoleMembership) { (self.schema, self.membership) = (schema, membership) }

    func begin(reading stream: StreamName) -> Reading {
        let view = membership.view(of: schema)
        return Reading(stream: stream, view: view, count: state.withLock { $0.count })
    }

    /// Whether a version of a stream is the stored one.
    func isCurrent(_ version: StateVersion, for reading: Reading) -> Bool {
        guard reading.view.isSole, let known = state.withLock({ $0.known[reading.stream] }) else { return false }
        return known.version == version && known.era == reading.view.era && reading.view.now - known.at < SoleMembership.longest
    }

    /// Notes what a reading has found, unless this process has written to the stream since it began.
    func note(_ version: StateVersion, credentials: Int64, after reading: Reading) {
        guard reading.view.isSole, membership.isCurrent(reading.view) else { return }
        membership.keep(credentials, from: reading.view)
        state.withLock { state in
            let writes = state.writes[Self.stripe(of: reading.stream)]
            guard writes.underWay == 0, writes.last <= reading.count else { return }
            if state.known.count >= Self.limit, state.known[reading.stream] == nil, let any = state.known.keys.first {
                state.known[any] = nil
            }
            state.known[reading.stream] = Known(version: version, era: reading.view.era, at: reading.view.now)
        }
    }

    /// Called before some streams are written to.
    func begin(writing streams: [StreamName]) {
        state.withLock { state in
            for stream in streams {
                state.known[stream] = nil
                state.writes[Self.stripe(of: stream)].underWay += 1
            }
        }
    }

    /// Called when they are written, or nothing was.
    func end(writing streams: [StreamName]) {
        state.withLock { state in
            state.count += 1
            for stream in streams {
                let stripe = Self.stripe(of: stream)
                state.writes[stripe].underWay -= 1
                state.writes[stripe].last = state.count
            }
        }
    }

    private static func stripe(of stream: StreamName) -> Int { Int(UInt(bitPattern: stream.hashValue) % UInt(stripes)) }
}
