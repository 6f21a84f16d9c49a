import DevicesContracts
import Kernel
import Synchronization

/// Commands that the link has taken and delivered to a subscriber. Kept in memory only: it merely keeps a repeated ask from sending the
/// same message again, which a device would recognise by its id.
final class DeliveredCommands: Sendable {
    private let actions = Mutex<Set<ActionID>>([])
    /// Above this count all entries are dropped, as they are when the process ends.
    private static let limit = 10_000

    func note(_ action: ActionID) {
        actions.withLock { actions in
            if actions.count >= Self.limit { actions.removeAll() }
            actions.insert(action)
        }
    }
    /// Forgets a command that starts again and so was not delivered.
    func forget(_ action: ActionID) { actions.withLock { _ = $0.remove(action) } }
    func contains(_ action: ActionID) -> Bool { actions.withLock { $0.contains(action) } }
}
