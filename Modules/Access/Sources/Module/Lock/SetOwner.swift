import Kernel

/// Makes a user the owner of the lock.
struct SetOwner: Command {
    let lock: LockID
    let user: UserID

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] { lock.owner == user ? [] : [.ownerSet(user)] }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOwner", "Set the owner of a lock",
        allow: .owner,
        input: .path("id", "Number of the lock."), .body("userId", "The new owner."),
        make: SetOwner.init(lock:user:)
    )
}
