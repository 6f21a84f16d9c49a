import DevicesContracts
import Kernel

@testable import Devices

extension Hub {
    /// A hub that a tenant has claimed.
    static func claimed(by org: OrgID, thing: ThingName = "hub") -> Hub {
        var hub = Hub()
        let now = Timestamp(milliseconds: 5)
        hub.apply(.provisioned(Hardware(hub: "h", serial: "SN", model: "hub-2", thing: thing, vendor: nil), at: now))
        hub.apply(.claimed(Claim(org: org, site: "s", user: "u"), at: now))
        return hub
    }

    /// The same hub, suspended.
    var suspended: Hub {
        var hub = self
        hub.apply(.suspended(Intervention(reason: "r", user: "u"), at: Timestamp(milliseconds: 5)))
        return hub
    }
}
