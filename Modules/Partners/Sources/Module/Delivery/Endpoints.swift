import Kernel
import Synchronization

/// Deliveries under way per endpoint in this process, with the endpoint's circuit breaker.
final class Endpoints: Sendable {
    private struct Endpoint {
        var underWay = 0
        var breaker = Breaker()
    }
    private let all = Mutex<[String: Endpoint]>([:])

    /// Returns how many more deliveries may be sent now.
    func room(for webhook: String, of limit: Int, at now: Timestamp) -> Int {
        all.withLock { all in
            guard let endpoint = all[webhook] else { return limit }
            guard endpoint.breaker.admits(at: now) else { return 0 }
            return max(0, (endpoint.breaker.failures > 0 ? 1 : limit) - endpoint.underWay)
        }
    }

    func begin(_ webhook: String) { all.withLock { $0[webhook, default: Endpoint()].underWay += 1 } }

    func end(_ webhook: String) {
        all.withLock { all in
            all[webhook]?.underWay -= 1
            if let endpoint = all[webhook], endpoint.underWay == 0, endpoint.breaker == Breaker() { all[webhook] = nil }
        }
    }

    enum Change { case lost, back }

    /// Records an outcome; returns whether the endpoint has just been paused, or has just recovered.
    func note(_ webhook: String, success: Bool, at now: Timestamp, jitter: Double) -> Change? {
        all.withLock { all in
            let wasSpared = all[webhook]?.breaker.closedUntil != nil
            all[webhook, default: Endpoint()].breaker.note(success: success, at: now, jitter: jitter)
            let isSpared = all[webhook]?.breaker.closedUntil != nil
            return wasSpared == isSpared ? nil : isSpared ? .lost : .back
        }
    }
}
