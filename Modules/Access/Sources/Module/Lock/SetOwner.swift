import Kernel

/// Makes a user the owner of the lock. Temporary keys that the owner before has given open it no more.
struct SetOwner: Command {
    let lock: LockID
    let user: UserID

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] { lock.owner == user ? [] : [.ownerSet(user)] }

    private static let ending = Preparation<SetOwner> { plan, services in
        Preparation<SetOwner>.Outcome(rows: [try EndGivenKeys.launch(plan.command.lock, [], tellingTenant: plan.snapshot.state.org, plan.request, services)])
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOwner", "Set the owner of a lock",
        allow: .owner, before: ending,
        input: .path("id", "Number of the lock."), .body("userId", "The new owner."),
        make: SetOwner.init(lock:user:)
    )
}
