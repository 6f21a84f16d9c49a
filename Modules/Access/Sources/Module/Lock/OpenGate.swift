import Application
import DevicesContracts
import Kernel

/// Opens a gate for a user whose car was seen: only while the user may open it, and only until a moment that a car still waits.
struct OpenGate: Command {
    let lock: LockID
    let org: OrgID
    let user: UserID
    /// Whether the right is the tenant's word alone.
    let isListed: Bool
    let detection: String
    let deadline: Timestamp

    var target: String { lock.description }

    struct Facts: Sendable {
        /// When the right ends, or the wait.
        let until: Timestamp
        let left: Duration
    }

    /// The tenant's word opens its own gate; otherwise it is the user who opens it.
    private var caller: Caller { isListed ? .key(org: org, isSuper: false) : .user(user, email: nil) }

    /// Checks the right on the very state that the open is decided on; the fence of the command holds on to it.
    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Facts {
        let lock = snapshot.state, now = services.clock()
        guard lock.org == org, try await !lock.isBarred(user, services), try await lock.isManaged(by: caller, services) else {
            throw RequestError.refused(.forbidden, code: nil, message: "The user has no right to the gate now.")
        }
        guard now < deadline else { throw RequestError.refused(.conflict, code: nil, message: "The car was seen too long ago.") }
        let end = try await lock.end(of: caller, services) ?? deadline
        return Facts(until: min(end, deadline), left: .milliseconds(deadline.milliseconds - now.milliseconds))
    }

    func decide(_ lock: Lock, _: Facts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] {
        [.openRequested(reason: "number plate of \(user)", request: detection)]
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ facts: Facts, _ request: Request, _ services: Services) -> Effect {
        let command = DeviceCommand.unlock(reason: "number plate of \(user)", request: detection)
        let push = DevicePush(
            command: command, lifetime: facts.left, kind: .open, basis: .manager(caller.withoutAddress), rightEndsAt: facts.until)
        return .device(push, of: snapshot.state, for: request)
    }
}
