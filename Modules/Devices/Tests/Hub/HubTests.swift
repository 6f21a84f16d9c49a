import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct HubTests {
    static let id = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    let hardware = Hub.Hardware(hub: Hub.ID(id), serial: "SN", model: "hub-2", thing: ThingName(id), vendor: "Acme")
    let claim = Hub.Claim(org: "acme", site: "s", user: "u")
    let now = Timestamp(milliseconds: 5)

    func provision(named: UUIDText = UUIDText(id), thing: NewThingName? = nil) -> ProvisionHub {
        ProvisionHub(hub: Hub.ID(Self.id), named: named, serial: "SN", model: "hub-2", thing: thing, vendor: "Acme")
    }
    func claiming(org: OrgID? = nil, named: Hub.ID = Hub.ID(id), by caller: Caller = .key(org: "acme", isSuper: false)) -> ClaimHub {
        ClaimHub(hub: Hub.ID(Self.id), named: named, org: org, site: "s", user: "u", caller: caller)
    }
    var provisioned: Hub.Event { .provisioned(hardware, at: now) }

    @Test func `a hub is registered under its own name`() { Given<Hub>().when(provision(), at: now).then(provisioned) }
    @Test func `registering again changes nothing`() { Given<Hub>(provisioned).when(provision(), at: now).then() }
    @Test func `path and body must name the same hub`() {
        Given<Hub>().when(provision(named: "00000000-0000-4000-8000-000000000000")).thenRefused(.otherHub)
        Given<Hub>(provisioned).when(claiming(named: "other")).thenRefused(.otherHub)
    }
    @Test func `a tenant claims for itself`() { Given<Hub>(provisioned).when(claiming(), at: now).then(.claimed(claim, at: now)) }
    @Test func `a super key names the tenant`() {
        let ops = Caller.key(org: "ops", isSuper: true)
        Given<Hub>(provisioned).when(claiming(by: ops), at: now).thenRefused(.noTenant)
        Given<Hub>(provisioned).when(claiming(org: "acme", by: ops), at: now).then(.claimed(claim, at: now))
    }
    @Test func `a hub is claimed once`() { Given<Hub>(provisioned, .claimed(claim, at: now)).when(claiming()).thenRefused(.notProvisioned) }

    @Test(arguments: [
        (Caller.key(org: "acme", isSuper: false), true, true), (.key(org: "other", isSuper: false), true, false),
        (.key(org: "ops", isSuper: true), true, true),
        (.user("u", email: nil), false, false), (.anonymous, false, false),
    ])
    func `a claimed hub is its tenant's, an unclaimed one every key's`(caller: Caller, before: Bool, after: Bool) {
        Given<Hub>(provisioned).then { $0.isOpen(to: caller) == before }
        Given<Hub>(provisioned, .claimed(claim, at: now)).then { $0.isOpen(to: caller) == after }
    }

    @Test func `only its tenant or a super key shuts a hub`() {
        let own = Caller.key(org: "acme", isSuper: false), other = Caller.key(org: "other", isSuper: false)
        let ops = Caller.key(org: "ops", isSuper: true), person = Caller.user("u", email: nil)
        Given<Hub>(provisioned).then { hub in hub.isOwned(by: ops) && ![own, other, person].contains { hub.isOwned(by: $0) } }
        Given<Hub>(provisioned, claimed).then { hub in
            [own, ops].allSatisfy { hub.isOwned(by: $0) } && ![other, person, .anonymous].contains { hub.isOwned(by: $0) }
        }
    }

    let call = Hub.Intervention(reason: "water damage", user: "Ann")
    var claimed: Hub.Event { .claimed(claim, at: now) }
    func moving(to org: OrgID = "other", site: Hub.Site.ID = "s2", named: Hub.ID = Hub.ID(id)) -> ReClaimHub {
        ReClaimHub(hub: Hub.ID(Self.id), named: named, org: org, site: site, reason: "sold", user: "Ann")
    }
    func moved(to org: OrgID = "other", site: Hub.Site.ID = "s2") -> Hub.Event {
        .reclaimed(
            Hub.Claim(org: org, site: site, user: "Ann"), from: Hub.Place(org: "acme", site: "s"), reason: "sold", at: now)
    }
    func role(isPrimary: Bool = true) -> SetHubRole {
        SetHubRole(hub: Hub.ID(Self.id), named: UUIDText(Self.id), isPrimary: isPrimary, user: UUIDText(Self.id))
    }
    var suspend: SuspendHub { SuspendHub(hub: Hub.ID(Self.id), named: Hub.ID(Self.id), reason: "water damage", user: "Ann") }
    var resume: ResumeHub { ResumeHub(hub: Hub.ID(Self.id), reason: "water damage", user: "Ann") }
    var decommission: DecommissionHub { DecommissionHub(hub: Hub.ID(Self.id), reason: "water damage", user: "Ann") }
    var commission: CommissionDevice { CommissionDevice(hub: Hub.ID(Self.id), named: UUIDText(Self.id), code: "12345678901") }

    @Test func `a claimed hub moves to another tenant or site, which both tenants hear`() {
        Given<Hub>(provisioned, claimed).when(moving(), at: now).then(moved())
        Given<Hub>(provisioned, claimed).when(moving(to: "acme"), at: now).then(moved(to: "acme"))
        Given<Hub>(provisioned, claimed).when(moving(to: "acme", site: "s")).thenRefused(.samePlace)
        Given<Hub>(provisioned, claimed).when(moving(named: "g")).thenRefused(.otherHub)
        Given<Hub>(provisioned).when(moving()).thenRefused(.notClaimed)
        var after = Hub()
        for event in [provisioned, claimed] { after.apply(event) }
        let before = after
        after.apply(moved())
        #expect(after.audience(of: moved(), before: before) == ["acme", "other"])
    }

    @Test func `a hub has one role, set while it works`() {
        let primary = Hub.Event.roleSet(isPrimary: true, by: UserID(Self.id), at: now)
        Given<Hub>(provisioned, claimed).when(role(), at: now).then(primary)
        Given<Hub>(provisioned, claimed, primary).when(role(), at: now).then()
        Given<Hub>(provisioned, claimed).when(role(isPrimary: false), at: now).then()
        Given<Hub>(provisioned).when(role()).thenRefused(.notClaimed)
        Given<Hub>(provisioned, claimed, .suspended(call, at: now)).when(role()).thenRefused(.suspended)
    }

    @Test func `a hub is suspended and resumed once, or moved, and decommissioned for good`() {
        let suspended = Hub.Event.suspended(call, at: now), resumed = Hub.Event.resumed(call, at: now)
        Given<Hub>(provisioned, claimed).when(suspend, at: now).then(suspended)
        Given<Hub>(provisioned, claimed, suspended).when(suspend).thenRefused(.suspended)
        Given<Hub>(provisioned, claimed, suspended).then { $0.isOutOfService }
        Given<Hub>(provisioned, claimed, suspended).when(resume, at: now).then(resumed)
        Given<Hub>(provisioned, claimed, suspended, resumed).then { $0.status == .claimed && !$0.isOutOfService }
        Given<Hub>(provisioned, suspended, resumed).then { $0.status == .provisioned }
        Given<Hub>(provisioned, claimed).when(resume).thenRefused(.notSuspended)
        Given<Hub>(provisioned, claimed, suspended).when(moving(), at: now).then(moved())
        Given<Hub>(provisioned, claimed, suspended, moved()).then { $0.status == .claimed }
        let decommissioned = Hub.Event.decommissioned(call, at: now)
        Given<Hub>(provisioned, claimed, suspended).when(decommission, at: now).then(decommissioned)
        Given<Hub>(provisioned, decommissioned).when(decommission).thenRefused(.decommissioned)
        Given<Hub>(provisioned, claimed, decommissioned).when(suspend).thenRefused(.decommissioned)
        Given<Hub>(provisioned, claimed, decommissioned).when(resume).thenRefused(.decommissioned)
        Given<Hub>(provisioned, claimed, decommissioned).when(moving()).thenRefused(.decommissioned)
    }

    var migration: HubMigration {
        HubMigration(id: "m", target: "g", targetThing: "hub-g", devices: ["d", "e"], startedBy: "Ann", startedAt: now)
    }
    func start(_ devices: [HubMigration.Device.ID]? = ["d", "e"], to hub: Hub.ID = "g") -> StartHubMigration {
        StartHubMigration(hub: Hub.ID(Self.id), targetHub: hub, devices: devices, user: "Ann", migration: "m")
    }
    /// - Parameter target: the target hub; nil if there is none.
    func facts(_ target: Hub? = .claimed(by: "acme", thing: "hub-g"), _ known: [HubMigration.Device.ID] = ["d", "e"])
        -> StartHubMigration.Facts
    {
        StartHubMigration.Facts(target: target ?? Hub(), known: known)
    }

    @Test func `devices move to a hub that works, of the same tenant`() {
        Given<Hub>(provisioned, claimed).when(start(), facts(), at: now).then(.migrationStarted(migration))
        Given<Hub>(provisioned, claimed).when(start(nil), facts(), at: now).then(.migrationStarted(migration))
        Given<Hub>(provisioned, claimed).when(start(["d", "e", "d"]), facts(), at: now).then(.migrationStarted(migration))
        Given<Hub>(provisioned).when(start(), facts()).thenRefused(.notWorking)
        Given<Hub>(provisioned, claimed).when(start(to: Hub.ID(Self.id)), facts()).thenRefused(.sameHub)
        Given<Hub>(provisioned, claimed).when(start(), facts(nil)).thenRefused(.noTarget)
        Given<Hub>(provisioned, claimed).when(start(), facts(.claimed(by: "other"))).thenRefused(.otherTenant)
        Given<Hub>(provisioned, claimed).when(start(), facts(.claimed(by: "acme").suspended)).thenRefused(.targetNotWorking)
        Given<Hub>(provisioned, claimed).when(start(nil), facts(.claimed(by: "acme"), [])).thenRefused(.noDevices)
        Given<Hub>(provisioned, claimed).when(start(["f"]), facts()).thenRefused(.otherDevice)
        Given<Hub>(provisioned, claimed, .migrationStarted(migration)).when(start(), facts()).thenRefused(.running)
    }

    @Test func `a migration ends as its devices do, and a device's end stays`() {
        func status(_ device: HubMigration.Device.ID, _ status: HubMigration.DeviceStatus) -> Hub.Event {
            .deviceMigrated(HubMigration.Device(id: device, status: status), in: "m", at: now)
        }
        func set(_ device: HubMigration.Device.ID, _ status: HubMigration.DeviceStatus) -> SetDeviceMigration {
            SetDeviceMigration(hub: Hub.ID(Self.id), migration: "m", device: device, status: status, error: nil)
        }
        let complete = CompleteMigration(hub: Hub.ID(Self.id), migration: "m"), started = Hub.Event.migrationStarted(migration)
        Given<Hub>(provisioned, claimed, started).when(set("d", .migrating), at: now).then(status("d", .migrating))
        Given<Hub>(provisioned, claimed, started, status("d", .migrating)).when(set("d", .migrating)).then()
        Given<Hub>(provisioned, claimed, started, status("d", .migrated)).when(set("d", .failed)).then()
        for (first, second, outcome) in [
            (.migrated, .migrated, .completed), (.migrated, .failed, .withErrors), (.blocked, .failed, .failed),
        ] as [(HubMigration.DeviceStatus, HubMigration.DeviceStatus, HubMigration.Status)] {
            Given<Hub>(provisioned, claimed, started, status("d", first), status("e", second)).when(complete, at: now).then(
                .migrationCompleted("m", outcome, at: now))
        }
        Given<Hub>(provisioned, claimed, started, .migrationCompleted("m", .failed, at: now)).when(complete).then()
    }

    @Test func `only a hub that works takes commands`() {
        Given<Hub>(provisioned, claimed).when(commission, at: now).then()
        Given<Hub>(provisioned).when(commission).thenRefused(.notClaimed)
        Given<Hub>(provisioned, claimed, .suspended(call, at: now)).when(commission).thenRefused(.suspended)
    }

    @Test(arguments: [
        ("12345678901", true), (String(repeating: "1", count: 21), true), ("MT:Y.K90", true), ("MT:", false), ("mt:a", false),
        ("1234-567-8901", false), (String(repeating: "1", count: 22), false), ("", false), ("١٢٣٤٥٦٧٨٩٠١", false),
    ])
    func `a setup code has 11 or 21 digits, or is the text of a QR code`(code: String, isOne: Bool) {
        #expect((SetupCode.problem(with: code) == nil) == isOne)
    }

    @Test func `events and states are read by every later build`() throws {
        let events: [Hub.Event] = [
            provisioned, claimed, moved(), .roleSet(isPrimary: true, by: "u", at: now), .suspended(call, at: now), .resumed(call, at: now),
            .decommissioned(call, at: now), .migrationStarted(migration),
            .deviceMigrated(HubMigration.Device(id: "d", status: .failed, error: "why"), in: "m", at: now),
            .migrationCompleted("m", .withErrors, at: now), .credentialsIssued(by: "acme", at: now),
        ]
        try GoldenSamples.check(events, of: Hub.self)
    }
}
