import Application
import DevicesContracts
import IdentityContracts
import Kernel

/// Rule H: a claimed hub belongs to its tenant; an unclaimed hub is open to every API key. Super keys may use both.
extension Rule where State == Hub {
    static var tenant: Rule {
        Rule("the tenant that has claimed the hub, any API key while nobody has, or a super key") { _, hub, caller in
            hub.isOpen(to: caller)
        }
    }
}

/// Rule H for what ends or interrupts the service of a hub: while nobody has claimed it, an API key must not shut it to its future tenant.
extension Rule where State == Hub {
    static var owner: Rule {
        Rule("the tenant that has claimed the hub, or a super key") { _, hub, caller in hub.isOwned(by: caller) }
    }
}

/// Rule D: a device belongs to the tenant that owns its thing, which follows its hub; one behind an unclaimed hub is open to every API key.
extension Rule where State == MatterDevice {
    static var tenant: Rule {
        Rule(
            "the tenant of the device's hub, any API key while nobody has claimed it, or a super key",
            confirms: { _, device, caller, services in try await device.belongs(to: caller, services) },
            permits: { _, _, caller in if case .key = caller { true } else { false } })
    }

    /// Rule D for API keys only: a token is no credential for it.
    static var tenantKey: Rule {
        Rule(
            "the tenant of the device's hub, any API key while nobody has claimed it, or a super key", by: .apiKey,
            confirms: { _, device, caller, services in try await device.belongs(to: caller, services) },
            permits: { _, _, caller in if case .key = caller { true } else { false } })
    }

    static var tenantOrUser: Rule {
        Rule(
            "the tenant of the device's hub, a user to whom that tenant has linked the device, or a super key",
            confirms: { _, device, caller, services in
                if case .user(let user, _) = caller { return try await device.isLinked(to: user, services) }
                return try await device.belongs(to: caller, services)
            },
            permits: { _, _, caller in
                switch caller {
                case .key, .user: true
                case .staff, .anonymous: false
                }
            })
    }
}

extension MatterDevice {
    func owner(_ services: Services) async throws -> ThingOwner {
        guard let thing = registration?.thing else { return .nobody }
        return try ThingOwner(try await services.store.query(ThingTables.owner(thing)).first)
    }

    fileprivate func belongs(to caller: Caller, _ services: Services) async throws -> Bool {
        guard case .key(let tenant, let isSuper) = caller else { return false }
        guard !isSuper, registration != nil else { return true }
        switch try await owner(services) {
        case .tenant(let org, _): return org == tenant
        case .unclaimed, .nobody: return true
        case .person: return false
        }
    }

    /// Whether the tenant that owns the device has linked it to a user.
    fileprivate func isLinked(to user: UserID, _ services: Services) async throws -> Bool {
        guard let registration, let org = try await owner(services).org else { return false }
        let question = DeviceIsLinked(user: user, device: registration.device.text, org: org)
        return try await services.bus.ask(
            question, trace: Trace(correlation: "rule", causation: nil), now: services.clock()
        ).isLinked
    }

    func isOpen(to caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): org.map { $0 == tenant } ?? true
        case .user, .staff, .anonymous: false
        }
    }
}

extension Hub {
    func isOwned(by caller: Caller) -> Bool { caller.isSuper || caller.org.map { $0 == claim?.org } ?? false }

    func isOpen(to caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): claim.map { $0.org == tenant } ?? true
        case .user, .staff, .anonymous: false
        }
    }
}
