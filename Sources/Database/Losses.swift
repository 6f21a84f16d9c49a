import Synchronization

/// Counts the connections of a pool that were lost and opened again.
final class Losses: Sendable {
    private let number = Atomic(0)
    var count: Int { number.load(ordering: .acquiring) }
    func note() { number.add(1, ordering: .acquiringAndReleasing) }
}
