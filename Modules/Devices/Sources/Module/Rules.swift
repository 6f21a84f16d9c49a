import Kernel

/// Rule H: a claimed hub is its tenant's; one that nobody has claimed is open to every API key.
extension Rule where State == Hub {
    static var tenant: Rule {
        Rule("the tenant that has claimed the hub, any API key while nobody has, or a super key") { _, hub, caller in
            hub.isOpen(to: caller)
        }
    }
}

/// Rule D: a Matter device is its tenant's, and is registered by whoever may use its hub.
extension Rule where Request == CreateMatterDevice, State == MatterDevice {
    static var tenantOfHub: Rule {
        Rule(
            "the tenant that has claimed the hub, any API key while nobody has, or a super key",
            confirms: { command, _, caller, services in try await services.store.load(Hub.self, command.hub.text).state.isOpen(to: caller)
            },
            permits: { _, device, caller in device.isOpen(to: caller) })
    }
}

extension MatterDevice {
    func isOpen(to caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): org.map { $0 == tenant } ?? true
        case .user, .staff, .anonymous: false
        }
    }
}

extension Hub {
    func isOpen(to caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): claim.map { $0.org == tenant } ?? true
        case .user, .staff, .anonymous: false
        }
    }
}
