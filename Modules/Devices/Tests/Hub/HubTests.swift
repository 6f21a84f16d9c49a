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

    @Test func `events and states are read by every later build`() throws {
        try GoldenSamples.check([provisioned, .claimed(claim, at: now)], of: Hub.self)
    }
}
