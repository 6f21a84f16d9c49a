import Application
import Kernel

/// Rule H: a claimed hub belongs to its tenant; an unclaimed hub is open to every API key. Super keys may use both.
extension Rule where State == Hub {
    static var tenant: Rule {
        Rule("the tenant that has claimed the hub, any API key while nobody has, or a super key") { _, hub, caller in
            hub.isOpen(to: caller)
        }
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
