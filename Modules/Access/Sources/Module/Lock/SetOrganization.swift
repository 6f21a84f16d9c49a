import Kernel

/// Moves the lock, and its thing, to another tenant.
struct SetOrganization: Command {
    let lock: LockID
    let org: OrgID

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] { lock.org == org ? [] : [.organizationSet(org)] }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOrganization", "Move a lock to another tenant",
        allow: .owner,
        before: .handingOver { $0.org },
        input: .path("id", "Number of the lock."), .body("orgId", "The tenant that receives the lock."),
        make: SetOrganization.init(lock:org:)
    )
}
