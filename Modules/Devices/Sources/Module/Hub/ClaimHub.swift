import Application
import DevicesContracts
import Kernel

/// Claims a hub for a tenant and a site, and sends the claim to the hub.
struct ClaimHub: Command {
    let hub: Hub.ID
    let named: Hub.ID
    let org: OrgID?
    let site: Hub.Site.ID
    let user: UserID
    let caller: Caller

    var target: String { hub.text }

    enum Refusal: DomainError {
        case otherHub, noTenant, notProvisioned
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .otherHub: "The body's hubId must be the id in the path."
            case .noTenant: "A super key must name the orgId it claims for."
            case .notProvisioned: "The hub is claimed already."
            }
        }
    }

    func facts(on _: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> NoFacts {
        // A key's own tenant has been registered.
        if let org, org != caller.org { try await services.mustExist(org, request) }
        return NoFacts()
    }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Hub.Event] {
        guard named == hub else { throw .otherHub }
        guard let tenant = caller.org ?? org else { throw .noTenant }
        guard state.status == .provisioned else { throw .notProvisioned }
        return [.claimed(Hub.Claim(org: tenant, site: site, user: user), at: now)]
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard case .claimed(let claim, _)? = events.first else { return .none }
        return .hubState(
            ["claim": ["orgId": claim.org.json, "siteId": claim.site.json], "status": "Claimed"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/ClaimHub", "Bind a hub to a tenant and a site",
        allow: Rule("an API key for its own tenant, or a super key for any") { command, _, caller in
            guard case .key(let tenant, let isSuper) = caller else { return false }
            return isSuper || command.org == nil || command.org == tenant
        },
        inputs: .init(
            .path("id", "Id of the hub."),
            .body("hubId", "The same id."),
            .body("orgId", "Tenant to claim for; only a super key may name another than its own."),
            .body("siteId", "Site where the hub stands."),
            .body("userId", "Who claims it."),
            .caller), make: ClaimHub.init(hub:named:org:site:user:caller:)
    )
}
