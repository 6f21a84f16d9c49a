import Kernel
import Synchronization

/// A token bucket per principal: a minute's worth of requests at once, refilled evenly.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Moment
    }
    private let perMinute: Double
    private let buckets = Mutex<[String: Bucket]>([:])
    private static let most = 50_000

    init(perMinute: Int) { self.perMinute = Double(perMinute) }

    /// Takes one token. Answers the headers of the RateLimit draft; throws `tooManyRequests` when there is none left.
    func admit(_ caller: Caller, address: String, at now: Moment) throws -> [String: String] {
        guard perMinute > 0, !caller.isStaff, !caller.isSuper else { return [:] }
        let principal = caller == .anonymous ? "address \(address)" : "\(caller)"
        let left = buckets.withLock { buckets -> Double in
            if buckets.count > Self.most { buckets.removeAll() }
            var bucket = buckets[principal] ?? Bucket(tokens: perMinute, at: now)
            bucket.tokens = min(perMinute, bucket.tokens + now.since(bucket.at).inSeconds * perMinute / 60) - 1
            bucket.at = now
            let left = bucket.tokens
            if left < 0 { bucket.tokens += 1 }  // what has accrued stays: whoever asks a little too often gets what the limit allows
            buckets[principal] = bucket
            return left
        }
        guard left >= 0 else { throw Failure.tooManyRequests(retryAfter: .milliseconds(Int64(max(1_000, 60_000 / perMinute)))) }
        return ["RateLimit-Limit": "\(Int(perMinute))", "RateLimit-Remaining": "\(Int(left))", "RateLimit-Reset": "60"]
    }
}
