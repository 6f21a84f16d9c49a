import Kernel
import PartnersContracts

/// Moves the lock, and its thing, to another tenant. What was given under the old one ends: keys that somebody holds leave the lock, and temporary keys open
/// it no more.
struct SetOrganization: Command {
    let lock: LockID
    let org: OrgID

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] {
        guard lock.org != org else { return [] }
        return [.organizationSet(org)] + lock.keys.filter { $0.user != nil }.map { .keyRemoved($0.id, index: $0.index) }
    }

    private static let handOver = Preparation<SetOrganization>.handingOver { $0.org }
    private static let moving = Preparation<SetOrganization> { plan, services in
        guard try await services.bus.ask(TenantExists(org: plan.command.org), trace: plan.request.trace, now: services.clock()).exists else {
            throw Failure.problems([Problem("orgId", "is no tenant")])
        }
        var outcome = try await handOver.perform(plan, services)
        let keys = plan.snapshot.state.keys.filter { $0.user != nil }
        outcome.rows.append(try EndGivenKeys.launch(plan.command.lock, keys, tellingTenant: plan.snapshot.state.org, plan.request, services))
        return outcome
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOrganization", "Move a lock to another tenant",
        allow: .owner,
        before: moving,
        input: .path("id", "Number of the lock."), .body("orgId", "The tenant that receives the lock."),
        make: SetOrganization.init(lock:org:)
    )
}
