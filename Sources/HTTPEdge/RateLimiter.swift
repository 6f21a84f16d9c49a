import Kernel
import Synchronization

/// A token bucket per principal: holds one minute's requests and refills evenly.
///
/// Buckets that are full again carry no information and are dropped; those in use are kept.
final class RateLimiter: Sendable {
    /// Who shares a bucket. Whoever is exempt has none.
    private enum Principal: Hashable {
        case tenant(OrgID), user(UserID), address(ExactText)

        init?(_ caller: Caller, at address: String) {
            switch caller {
            case .anonymous: self = .address(ExactText(address))
            case .key(let org, false): self = .tenant(org)
            case .user(let user, _): self = .user(user)
            case .key(_, isSuper: true), .staff: return nil
            }
        }
    }
    /// What is left for a caller, as the RateLimit headers state it.
    struct Quota: Equatable {
        let limit: Int
        let remaining: Int
    }
    private struct Bucket {
        var tokens: Double
        var at: Duration
    }
    private struct State {
        var buckets: [Principal: Bucket] = [:]
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

    /// Takes one token. Returns nil for callers without a limit; throws `tooManyRequests` when no token is left.
    func admit(_ caller: Caller, address: String) throws -> Quota? { try admit(caller, address: address, at: elapsed()) }

    /// What is left to a caller who was refused.
    var exhausted: Quota { Quota(limit: Int(perMinute), remaining: 0) }

    /// The number of buckets.
    var count: Int { state.withLock { $0.buckets.count } }

    func admit(_ caller: Caller, address: String, at now: Duration) throws -> Quota? {
        guard perMinute > 0, let principal = Principal(caller, at: address) else { return nil }
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
        return Quota(limit: Int(perMinute), remaining: Int(left))
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
