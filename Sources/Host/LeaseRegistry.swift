import EventStore
import Kernel
import MessageBus
import Synchronization

/// The modules that this process answers for: those whose exclusive jobs it runs, and those that have none.
final class LeaseRegistry: Sendable {
    private let all = Mutex<[String: [LeaseState]]>([:])

    func new(for module: String) -> LeaseState {
        let state = LeaseState()
        all.withLock { $0[module, default: []].append(state) }
        return state
    }

    func role(of module: String) -> AnswerRole {
        let states = states(of: module)
        return states.isEmpty ? .shared : states.allSatisfy { $0 == .holding } ? .sole : .none
    }

    func states(of module: String) -> [LeaseState.State] { all.withLock { $0[module, default: []] }.map(\.state) }
}
