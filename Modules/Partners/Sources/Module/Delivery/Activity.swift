import Synchronization

/// Tells the delivery worker that there is work, so that it polls often then and rarely otherwise.
final class Activity: Sendable {
    private let last = Mutex(ContinuousClock.now)
    private static let span = Duration.seconds(2)

    func note() { last.withLock { $0 = .now } }

    /// Whether there was activity within the last two seconds.
    var isRecent: Bool { last.withLock { $0.duration(to: .now) < Self.span } }
}
