import Application
import Kernel
import PartnersContracts

/// Transfers the lock and its thing to another tenant. This ends what was given under the old one: keys that have a holder leave the lock,
/// and temporary keys no longer open it.
struct SetOrganization: Command {
    let lock: LockID
    let org: OrgID

    var target: String { lock.description }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] {
        guard lock.org != org else { return [] }
        return [.organizationSet(org)] + lock.keys.filter { $0.user != nil }.map { .keyRemoved($0.id, index: $0.index) }
    }

    /// Throws if the tenant does not exist.
    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> NoFacts {
        guard snapshot.state.org != org else { return NoFacts() }
        guard try await services.bus.ask(TenantExists(org: org), trace: request.trace, now: services.clock()).exists else {
            throw RequestError.problems([Problem("orgId", "is no tenant")])
        }
        return NoFacts()
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) throws -> Effect
    {
        let state = snapshot.state, keys = state.keys.filter { $0.user != nil }
        let ending = try EndGivenKeys.start(lock, keys, tellingTenant: state.org, request, services)
        return .external(
            HandOverCall(lock: lock, thing: state.thing, from: state.org, to: org),
            with: Changes(rows: [ThingTransfers.done(lock), ending]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/SetOrganization", "Move a lock to another tenant",
        allow: .owner,
        inputs: .init(.path("id", "Number of the lock."), .body("orgId", "The tenant that receives the lock.")),
        make: SetOrganization.init(lock:org:)
    )
}
