import Application
import Kernel

/// Makes a user the owner of the lock. Temporary keys that the previous owner gave no longer open it.
struct SetOwner: Command {
    let lock: LockID
    let user: UserID

    var target: String { lock.description }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] {
        lock.owner == user ? [] : [.ownerSet(user)]
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) throws -> Effect
    {
        guard !events.isEmpty else { return .none }
        return .local(Changes(rows: [try EndGivenKeys.start(lock, [], tellingTenant: snapshot.state.org, request, services)]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOwner", "Set the owner of a lock",
        allow: .owner,
        inputs: .init(.path("id", "Number of the lock."), .body("userId", "The new owner.")), make: SetOwner.init(lock:user:)
    )
}
