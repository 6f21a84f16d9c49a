import Application
import DevicesContracts
import Kernel

/// Gives a claimed hub, with everything behind it, to another tenant or moves it to another site. A suspended hub works again then.
struct ReClaimHub: Command {
    let hub: Hub.ID
    let named: Hub.ID
    let org: OrgID
    let site: Hub.Site.ID
    let reason: Reason
    let user: UserID

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    func facts(on _: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> NoFacts {
        try await services.mustExist(org, request)
        return NoFacts()
    }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard named == hub else { throw .otherHub }
        guard state.status != .decommissioned else { throw .decommissioned }
        guard let claim = state.claim else { throw .notClaimed }
        guard claim.org != org || claim.site != site else { throw .samePlace }
        let from = Hub.Place(org: claim.org, site: claim.site)
        return [.reclaimed(Hub.Claim(org: org, site: site, user: user), from: from, reason: reason, at: now)]
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        return .hubState(["claim": ["orgId": org.json, "siteId": site.json], "status": "Claimed"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/ReClaimHub", "Move a claimed hub to another tenant or site",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the hub."),
            .body("hubId", "The same id."),
            .body("newOrgId", "Tenant that gets the hub and the devices behind it."),
            .body("newSiteId", "Site where it stands from now on."),
            .body("reason", "Why it moves."),
            .body("userId", "Who moves it.")), make: ReClaimHub.init(hub:named:org:site:reason:user:)
    )
}
