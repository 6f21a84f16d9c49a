import Kernel
import Synchronization

/// What this process has under way per endpoint, and how the endpoint has behaved.
final class Endpoints: Sendable {
    private struct Endpoint {
        var underWay = 0
        var breaker = Breaker()
    }
    private let all = Mutex<[String: Endpoint]>([:])

    /// How many more may be sent now.
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

    /// Answers whether the endpoint has come to be spared, or to be well again.
    func note(_ webhook: String, success: Bool, at now: Timestamp, jitter: Double) -> Change? {
        all.withLock { all in
            let wasSpared = all[webhook]?.breaker.closedUntil != nil
            all[webhook, default: Endpoint()].breaker.note(success: success, at: now, jitter: jitter)
            let isSpared = all[webhook]?.breaker.closedUntil != nil
            return wasSpared == isSpared ? nil : isSpared ? .lost : .back
        }
    }
}
