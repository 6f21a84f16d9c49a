import Kernel

/// Who may do what with a lock.
extension Rule where State == Lock {
    /// Rule L: whoever manages the lock.
    static var manager: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that counts now, or a super key",
            confirms: { _, lock, caller, services in try await lock.counts(caller, services) },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
    }

    /// Rule L for giving keys: whoever has the lock by a key with a time or hours cannot give more than that, and so gives none.
    static var keyGiver: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that always counts, or a super key",
            confirms: { _, lock, caller, services in try await lock.counts(caller, services, withoutLimit: true) },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
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

    /// Whether the caller manages the lock now.
    func isManaged(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await counts(caller, services)
    }

    /// Whether the caller may give keys to the lock now.
    func isGivenKeys(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await counts(caller, services, withoutLimit: true)
    }

    /// Whether one of the caller's keys counts now, for people who have the lock by a key and nothing else.
    /// - Parameter withoutLimit: whether it must be one that always counts.
    fileprivate func counts(_ caller: Caller, _ services: Services, withoutLimit: Bool = false) async throws -> Bool {
        guard case .user(let user, _) = caller, !isOwned(by: user) else { return true }
        let rows = try await services.store.query(KeyGrantRows.validities(on: LockID(number), of: user)), now = services.clock()
        guard !rows.isEmpty else { return true }
        let limits = Dictionary(rows.map { ($0.text("key_uuid") ?? "", try? $0.json("validity")?.decoded(as: Validity.self)) }) { first, _ in first }
        return keys.contains { key in
            guard key.user == user else { return false }
            // Without a row, or in one that stands there for a suspension alone, the key always counts.
            guard let found = limits[key.id.text] else { return true }
            guard let limit = found else { return false }
            return limit.isAlways || !withoutLimit && limit.isActive(at: now, services.zones)
        }
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
