import Kernel
import Synchronization

/// A token bucket per principal: a minute's worth of requests at once, refilled evenly.
///
/// Buckets that are full again say nothing and are let go of; those in use stay, however many come.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Duration
    }
    private struct State {
        var buckets: [ExactText: Bucket] = [:]
        /// From how many on it is looked for full ones: twice as many as were left the last time.
        var limit = RateLimiter.least
    }
    private let perMinute: Double
    /// Time that no setting of a clock moves.
    private let elapsed: @Sendable () -> Duration
    private let state = Mutex(State())
    private static let least = 10_000, most = 1_000_000
    private static let start = ContinuousClock.now

    init(perMinute: Int, elapsed: @escaping @Sendable () -> Duration = { start.duration(to: .now) }) {
        (self.perMinute, self.elapsed) = (Double(perMinute), elapsed)
    }

    /// Takes one token. Answers the headers of the RateLimit draft; throws `tooManyRequests` when there is none left.
    func admit(_ caller: Caller, address: String) throws -> [String: String] { try admit(caller, address: address, at: elapsed()) }

    /// How many buckets are kept.
    var count: Int { state.withLock { $0.buckets.count } }

    func admit(_ caller: Caller, address: String, at now: Duration) throws -> [String: String] {
        guard perMinute > 0, !caller.isStaff, !caller.isSuper else { return [:] }
        let principal = ExactText(caller == .anonymous ? "address \(address)" : "\(caller)")
        let left = state.withLock { state -> Double in
            if state.buckets.count >= state.limit { forgetFull(&state, at: now) }
            var bucket = state.buckets[principal] ?? Bucket(tokens: perMinute, at: now)
            bucket = Bucket(tokens: tokens(of: bucket, at: now) - 1, at: now)
            let left = bucket.tokens
            if left < 0 { bucket.tokens += 1 }  // what has accrued stays: whoever asks a little too often gets what the limit allows
            state.buckets[principal] = bucket
            return left
        }
        guard left >= 0 else { throw RequestError.tooManyRequests(retryAfter: .milliseconds(Int64(max(1_000, 60_000 / perMinute)))) }
        return ["RateLimit-Limit": "\(Int(perMinute))", "RateLimit-Remaining": "\(Int(left))", "RateLimit-Reset": "60"]
    }

    private func tokens(of bucket: Bucket, at now: Duration) -> Double {
        min(perMinute, bucket.tokens + (now - bucket.at).inSeconds * perMinute / 60)
    }

    /// Nobody is forgotten who has asked within the last minute, unless there are more than anybody could serve.
    private func forgetFull(_ state: inout State, at now: Duration) {
        state.buckets = state.buckets.filter { tokens(of: $0.value, at: now) < perMinute }
        if state.buckets.count > Self.most { state.buckets = state.buckets.filter { $0.value.tokens < perMinute / 2 } }
        state.limit = max(Self.least, state.buckets.count * 2)
    }
}
