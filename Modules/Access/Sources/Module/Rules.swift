import Kernel

/// Who may do what with a lock.
extension Rule where State == Lock {
    /// Rule L: whoever manages the lock.
    static var manager: Rule {
        Rule("the tenant that owns the lock, its owner, a holder of one of its keys, or a super key") { _, lock, caller in
            lock.isManaged(by: caller)
        }
    }

    /// Rule LO: stricter, a key on the lock is not enough.
    static var owner: Rule {
        Rule("the tenant that owns the lock, its owner, or a super key") { _, lock, caller in
            lock.isGiven(by: caller)
        }
    }
}

extension Lock {
    /// Whether the caller may give away what belongs to the lock's owner.
    func isGiven(by caller: Caller) -> Bool {
        if case .user(let user, _) = caller { return isOwned(by: user) }
        return isManaged(by: caller)
    }

    func isManaged(by caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): belongs(to: tenant)
        case .user(let user, _): isHeld(by: user)
        case .anonymous, .staff: false
        }
    }
}
