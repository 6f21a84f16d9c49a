import DevicesContracts
import Kernel
import Synchronization

/// Commands that the link has taken and somebody listened to. Kept in memory alone: nothing rests on it but that a repeat of the
/// ask does not send the same message again, which a device knows by its id.
final class DeliveredCommands: Sendable {
    private let actions = Mutex<Set<ActionID>>([])
    /// Beyond it they are forgotten, as they are when the process ends.
    private static let most = 10_000

    func note(_ action: ActionID) {
        actions.withLock { actions in
            if actions.count >= Self.most { actions.removeAll() }
            actions.insert(action)
        }
    }
    /// One that begins anew was not delivered.
    func forget(_ action: ActionID) { actions.withLock { _ = $0.remove(action) } }
    func contains(_ action: ActionID) -> Bool { actions.withLock { $0.contains(action) } }
}
