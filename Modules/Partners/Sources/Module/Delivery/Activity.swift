import Synchronization

/// Tells the delivery worker that there is something to do, so that it looks often then and seldom otherwise.
final class Activity: Sendable {
    private let last = Atomic<Int64>(0)

    func note() { last.store(Self.now, ordering: .relaxed) }

    /// Whether something happened within the last two seconds.
    var isRecent: Bool { Self.now - last.load(ordering: .relaxed) < 2_000 }

    private static var now: Int64 {
        let elapsed = ContinuousClock.now.duration(to: start)
        return -elapsed.components.seconds * 1000 - elapsed.components.attoseconds / 1_000_000_000_000_000 + 10_000
    }
    private static let start = ContinuousClock.now
}
