import Kernel
import PartnersContracts

/// Decides what an attempt means for its delivery and for the endpoint. A pure function.
enum RetryPolicy {
    enum Verdict: Sendable, Equatable {
        case delivered
        case again(after: Duration)
        /// No more attempts: the receiver has refused it, or the retry window is over.
        case given(up: String)
        /// The receiver is permanently gone (410).
        case disable
    }

    /// After this time a delivery becomes a dead letter.
    static let window = Duration.seconds(24 * 3_600)
    static let first = Duration.seconds(1), maxLength = Duration.seconds(300)

    /// - Parameters:
    ///   - attempts: number of attempts, including this one.
    ///   - jitter: from 0 to 1, so that many deliveries are not retried at once.
    static func verdict(_ outcome: WebhookSending.Outcome, attempts: Int, age: Duration, jitter: Double) -> Verdict {
        switch outcome {
        case .answered(200..<300, _): .delivered
        case .answered(410, _): .disable
        case .answered(let status, let retryAfter) where status == 408 || status == 429 || status >= 500:
            later(attempts, age, jitter, atLeast: retryAfter, "status \(status)")
        case .answered(let status, _): .given(up: "status \(status)")
        case .failed(let message): later(attempts, age, jitter, atLeast: nil, message)
        case .forbidden(let message): .given(up: message)
        }
    }

    private static func later(_ attempts: Int, _ age: Duration, _ jitter: Double, atLeast: Duration?, _ message: String) -> Verdict {
        guard age < window else { return .given(up: "no success within 24 h; last: \(message)") }
        return .again(after: max(backoff(attempts, jitter), min(atLeast ?? .zero, .seconds(3_600))))
    }

    /// Returns a delay that doubles from one second to five minutes, minus up to a quarter.
    static func backoff(_ attempts: Int, _ jitter: Double) -> Duration {
        let doubled = min(maxLength.inSeconds, first.inSeconds * Double(1 << min(max(attempts - 1, 0), 12)))
        return .milliseconds(Int64(doubled * (1 - jitter / 4) * 1000))
    }
}

/// Circuit breaker for an endpoint that fails repeatedly: after five failures in a row it is tried only once in a while.
struct Breaker: Sendable, Equatable {
    private(set) var failures = 0
    private(set) var closedUntil: Timestamp?

    private static let tolerated = 5

    /// Also admits if the time is much later than any pause, because it was then set before the clock was set back.
    func admits(at now: Timestamp) -> Bool { closedUntil.map { $0 <= now || $0 > now + RetryPolicy.maxLength * 2 } ?? true }

    mutating func note(success: Bool, at now: Timestamp, jitter: Double) {
        guard !success else { self = Breaker(); return }
        failures += 1
        if failures >= Self.tolerated { closedUntil = now + RetryPolicy.backoff(failures - Self.tolerated + 2, jitter) }
    }
}
