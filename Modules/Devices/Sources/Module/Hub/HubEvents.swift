import DevicesContracts
import Kernel

extension Hub {
    static let events = EventRegistry(HubEvents())
}

/// The events of a hub. Each event carries the hub id.
struct HubEvents: EventForms {
    let provisioned = EventForm<Hub>(
        "HubProvisioned", "A hub was manufactured.",
        members: .init(
            .member("hubId"), .member("serial"), .member("model"), .member("thingName"), .member("vendorName"),
            .milliseconds("provisionedAt")),
        make: { (hub: Hub.ID, serial: NonEmptyString, model: NonEmptyString, thing: ThingName, vendor: String?, at: Timestamp) in
            .provisioned(Hub.Hardware(hub: hub, serial: serial, model: model, thing: thing, vendor: vendor), at: at)
        },
        take: { event in
            guard case .provisioned(let it, let at) = event else { return nil }
            return (it.hub, it.serial, it.model, it.thing, it.vendor, at)
        })

    let claimed = EventForm<Hub>(
        "HubClaimed", "A tenant took a hub for one of its sites.", derived: [DerivedMember("hubId") { hub, _ in hub.hardware?.hub }],
        members: .init(.member("orgId"), .member("siteId"), .member("claimedBy"), .milliseconds("claimedAt")),
        make: { .claimed(Hub.Claim(org: $0, site: $1, user: $2), at: $3) },
        take: { if case .claimed(let claim, let at) = $0 { (claim.org, claim.site, claim.user, at) } else { nil } })

    func form(of event: Hub.Event) -> EventForm<Hub> {
        switch event {
        case .provisioned: provisioned
        case .claimed: claimed
        }
    }
}
