import Kernel
import Synchronization

/// A token bucket per principal: holds one minute's requests and refills evenly.
///
/// Buckets that are full again carry no information and are dropped; those in use are kept.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Duration
    }
    private struct State {
        var buckets: [ExactText: Bucket] = [:]
        /// The number of buckets at which full ones are dropped: twice as many as were left the last time.
        var limit = RateLimiter.minCapacity
    }
    private let perMinute: Double
    /// Monotonic time, which setting a clock does not affect.
    private let elapsed: @Sendable () -> Duration
    private let state = Mutex(State())
    private static let minCapacity = 10_000, maxCapacity = 1_000_000
    private static let start = ContinuousClock.now

    init(perMinute: Int, elapsed: @escaping @Sendable () -> Duration = { start.duration(to: .now) }) {
        (self.perMinute, self.elapsed) = (Double(perMinute), elapsed)
    }

    /// Takes one token. Returns the headers of the RateLimit draft; throws `tooManyRequests` when no token is left.
    func admit(_ caller: Caller, address: String) throws -> [String: String] { try admit(caller, address: address, at: elapsed()) }

    /// The number of buckets.
    var count: Int { state.withLock { $0.buckets.count } }

    func admit(_ caller: Caller, address: String, at now: Duration) throws -> [String: String] {
        guard perMinute > 0, !caller.isStaff, !caller.isSuper else { return [:] }
        let principal = ExactText(caller == .anonymous ? "address \(address)" : "\(caller)")
        let left = state.withLock { state -> Double in
            if state.buckets.count >= state.limit { forgetFull(&state, at: now) }
            var bucket = state.buckets[principal] ?? Bucket(tokens: perMinute, at: now)
            bucket = Bucket(tokens: tokens(of: bucket, at: now) - 1, at: now)
            let left = bucket.tokens
            if left < 0 { bucket.tokens += 1 }  // accrued tokens are kept: a client slightly above the limit still gets what it allows
            state.buckets[principal] = bucket
            return left
        }
        guard left >= 0 else { throw RequestError.tooManyRequests(retryAfter: .milliseconds(Int64(max(1_000, 60_000 / perMinute)))) }
        return ["RateLimit-Limit": "\(Int(perMinute))", "RateLimit-Remaining": "\(Int(left))", "RateLimit-Reset": "60"]
    }

    private func tokens(of bucket: Bucket, at now: Duration) -> Double {
        min(perMinute, bucket.tokens + (now - bucket.at).inSeconds * perMinute / 60)
    }

    /// Drops full buckets. When more than `most` remain, buckets that are at least half full are dropped too.
    private func forgetFull(_ state: inout State, at now: Duration) {
        state.buckets = state.buckets.filter { tokens(of: $0.value, at: now) < perMinute }
        if state.buckets.count > Self.maxCapacity { state.buckets = state.buckets.filter { $0.value.tokens < perMinute / 2 } }
        state.limit = max(Self.minCapacity, state.buckets.count * 2)
    }
}
