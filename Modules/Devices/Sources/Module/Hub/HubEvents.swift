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
        "HubClaimed", "A tenant took a hub for one of its sites.", derived: [hubID],
        members: .init(.member("orgId"), .member("siteId"), .member("claimedBy"), .milliseconds("claimedAt")),
        make: { .claimed(Hub.Claim(org: $0, site: $1, user: $2), at: $3) },
        take: { if case .claimed(let claim, let at) = $0 { (claim.org, claim.site, claim.user, at) } else { nil } })

    let reclaimed = EventForm<Hub>(
        "HubReClaimed", "A claimed hub moved to another tenant or site.", derived: [hubID],
        members: .init(
            .member("previousOrgId"), .member("previousSiteId"), .member("newOrgId"), .member("newSiteId"), .member("reclaimedBy"),
            .member("reason"), .milliseconds("reclaimedAt")),
        make: { previous, previousSite, org, site, user, reason, at in
            .reclaimed(
                Hub.Claim(org: org, site: site, user: user), from: Hub.Place(org: previous, site: previousSite), reason: reason, at: at)
        },
        take: { event in
            guard case .reclaimed(let it, let from, let reason, let at) = event else { return nil }
            return (from.org, from.site, it.org, it.site, it.user, reason, at)
        })

    let roleSet = EventForm<Hub>(
        "HubRoleSet", "A hub became the primary one of its site, or a secondary one.", derived: [hubID],
        members: .init(.member("isPrimary"), .member("setBy"), .milliseconds("setAt")),
        make: { .roleSet(isPrimary: $0, by: $1, at: $2) },
        take: { if case .roleSet(let isPrimary, let user, let at) = $0 { (isPrimary, user, at) } else { nil } })

    let suspended = EventForm<Hub>(
        "HubSuspended", "A hub was suspended: what is behind it takes no commands.", derived: [hubID],
        members: .init(.member("reason"), .member("suspendedBy"), .milliseconds("suspendedAt")),
        make: { .suspended(Hub.Intervention(reason: $0, user: $1), at: $2) },
        take: { if case .suspended(let it, let at) = $0 { (it.reason, it.user, at) } else { nil } })

    let resumed = EventForm<Hub>(
        "HubResumed", "A suspended hub works again.", derived: [hubID],
        members: .init(.member("reason"), .member("resumedBy"), .milliseconds("resumedAt")),
        make: { .resumed(Hub.Intervention(reason: $0, user: $1), at: $2) },
        take: { if case .resumed(let it, let at) = $0 { (it.reason, it.user, at) } else { nil } })

    let decommissioned = EventForm<Hub>(
        "HubDecommissioned", "A hub reached the end of its service.", derived: [hubID],
        members: .init(.member("reason"), .member("decommissionedBy"), .milliseconds("decommissionedAt")),
        make: { .decommissioned(Hub.Intervention(reason: $0, user: $1), at: $2) },
        take: { if case .decommissioned(let it, let at) = $0 { (it.reason, it.user, at) } else { nil } })

    let credentialsIssued = EventForm<Hub>(
        "HubCredentialsIssued", "A hub got new credentials for the broker; those before are dead.", derived: [hubID],
        members: .init(.member("issuedBy"), .milliseconds("issuedAt")),
        make: { .credentialsIssued(by: $0, at: $1) },
        take: { if case .credentialsIssued(let issuer, let at) = $0 { (issuer, at) } else { nil } })

    let migrationStarted = EventForm<Hub>(
        "MigrationStarted", "Devices begin to move to another hub.",
        derived: [.always("sourceHubId") { $0.hardware?.hub }],
        members: .init(
            .member("migrationId"), .member("targetHubId"), .member("targetThingName"), .member("deviceIds"), .member("startedBy"),
            .milliseconds("startedAt")),
        make: { id, target, thing, devices, user, at in
            .migrationStarted(
                HubMigration(id: id, target: target, targetThing: thing, devices: devices, startedBy: user, startedAt: at))
        },
        take: { event in
            guard case .migrationStarted(let it) = event else { return nil }
            return (it.id, it.target, it.targetThing, it.devices.map(\.id), it.startedBy, it.startedAt)
        })

    let deviceMigrated = EventForm<Hub>(
        "DeviceMigrationStatusUpdated", "The move of a device to another hub went on, or ended.",
        members: .init(.member("migrationId"), .member("deviceId"), .member("status"), .member("error"), .milliseconds("updatedAt")),
        make: { .deviceMigrated(HubMigration.Device(id: $1, status: $2, error: $3), in: $0, at: $4) },
        take: { event in
            guard case .deviceMigrated(let it, let id, let at) = event else { return nil }
            return (id, it.id, it.status, it.error, at)
        })

    let migrationCompleted = EventForm<Hub>(
        "MigrationCompleted", "The move of devices to another hub ended.",
        members: .init(.member("migrationId"), .member("status"), .milliseconds("completedAt")),
        make: { .migrationCompleted($0, $1, at: $2) },
        take: { if case .migrationCompleted(let id, let status, let at) = $0 { (id, status, at) } else { nil } })

    private static let hubID = DerivedMember<Hub>.always("hubId") { $0.hardware?.hub }

    func form(of event: Hub.Event) -> EventForm<Hub> {
        switch event {
        case .provisioned: provisioned
        case .claimed: claimed
        case .reclaimed: reclaimed
        case .roleSet: roleSet
        case .suspended: suspended
        case .resumed: resumed
        case .decommissioned: decommissioned
        case .credentialsIssued: credentialsIssued
        case .migrationStarted: migrationStarted
        case .deviceMigrated: deviceMigrated
        case .migrationCompleted: migrationCompleted
        }
    }
}
