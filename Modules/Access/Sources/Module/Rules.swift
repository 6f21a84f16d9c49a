import Application
import Kernel

/// Who may do what with a lock.
extension Rule where State == Lock {
    /// Rule L: whoever manages the lock.
    static var manager: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that counts now, or a super key",
            confirms: { _, lock, caller, services in try await lock.authority(of: caller, services).counts },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
    }

    /// Rule L for giving keys: whoever has the lock by a key with a time or hours cannot give more than that, and so gives none.
    static var keyGiver: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that always counts, or a super key",
            confirms: { _, lock, caller, services in try await lock.authority(of: caller, services).isWithoutLimit },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
    }

    /// Rule LO: stricter, a key on the lock is not enough.
    static var owner: Rule {
        Rule(
            "the tenant that owns the lock, its owner, or a super key",
            confirms: { _, lock, caller, services in try await !lock.isBarred(caller, services) },
            permits: { _, lock, caller in lock.isGiven(by: caller) })
    }
}

extension Lock {
    /// Whether the caller may give away what belongs to the lock's owner.
    func isGiven(by caller: Caller) -> Bool {
        if case .user(let user, _) = caller { return isOwned(by: user) }
        return isManaged(by: caller)
    }

    func isGiven(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isGiven(by: caller) else { return false }
        return try await !isBarred(caller, services)
    }

    /// Whether the caller manages the lock now.
    func isManaged(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await authority(of: caller, services).counts
    }

    /// Whether the caller may give keys to the lock now.
    func isGivenKeys(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await authority(of: caller, services).isWithoutLimit
    }

    /// When the caller's right to the lock ends by itself; nil when it does not.
    func end(of caller: Caller, _ services: Services) async throws -> Timestamp? { try await authority(of: caller, services).end }

    /// Whether the caller is a person who is suspended at this lock: everywhere, or by its tenant.
    func isBarred(_ caller: Caller, _ services: Services) async throws -> Bool {
        guard case .user(let user, _) = caller else { return false }
        return try await isBarred(user, services)
    }

    func isBarred(_ user: UserID, _ services: Services) async throws -> Bool {
        try bars(try await services.store.query(services.directory.suspensions(user)))
    }

    /// An empty tenant stands for everywhere.
    private func bars(_ suspensions: [Row]) throws -> Bool {
        try suspensions.contains { row in
            let tenant: OrgID = try row.read("org_id")
            return tenant.text.isEmpty || tenant == org
        }
    }

    /// How it stands now with somebody who manages the lock.
    struct Authority: Equatable {
        /// Whether one of their keys counts now, or they need none.
        var counts: Bool
        /// Whether they have the lock for good, and not for a time or for hours.
        var isWithoutLimit: Bool
        /// When what counts now ends by itself.
        var end: Timestamp?
        static let always = Authority(counts: true, isWithoutLimit: true), never = Authority(counts: false, isWithoutLimit: false)
    }

    fileprivate func authority(of caller: Caller, _ services: Services) async throws -> Authority {
        guard case .user(let user, _) = caller else { return .always }
        let rows = try await services.store.read([
            services.directory.suspensions(user), KeyGrantRows.validities(on: LockID(number), of: user),
        ])
        guard try !bars(rows[0]) else { return .never }
        guard !isOwned(by: user) else { return .always }
        var limits: [Key.ID: Validity] = [:]
        for row in rows[1] { limits[try row.read("key_uuid")] = try row.read("validity", as: JSON.self).decoded() }
        let now = services.clock()
        let active = keys.filter { $0.user == user }.compactMap { key -> Validity? in
            // Without a row, or in one that stands there for a suspension alone, the key always counts.
            guard let limit = limits[key.id] else { return .always }
            return limit.isActive(at: now, services.zones) ? limit : nil
        }
        if active.contains(where: \.isAlways) { return .always }
        return Authority(
            counts: !active.isEmpty, isWithoutLimit: false, end: active.compactMap { $0.nextChange(after: now, services.zones) }.max())
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
