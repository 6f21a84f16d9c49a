import EventStore
import Kernel
import Synchronization

/// The modules that this process answers for: those whose exclusive jobs it runs, and those that have none.
final class LeaseRegistry: Sendable {
    private let all = Mutex<[String: [LeaseState]]>([:])

    func new(for module: String) -> LeaseState {
        let state = LeaseState()
        all.withLock { $0[module, default: []].append(state) }
        return state
    }

    func isServing(_ module: String) -> Bool { states(of: module).allSatisfy { $0 == .holding } }

    func states(of module: String) -> [LeaseState.State] { all.withLock { $0[module, default: []] }.map(\.state) }
}
