import Application
import Kernel

/// The rules for operations on a lock.
extension Rule where State == Lock {
    /// Rule L: callers who manage the lock.
    static var manager: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that counts now, or a super key",
            confirms: { _, lock, caller, services in try await lock.authority(of: caller, services).counts },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
    }

    /// Rule L for giving keys. A user whose own key has a limited validity cannot give more than that, and so gives none.
    static var keyGiver: Rule {
        Rule(
            "the tenant that owns the lock, its owner, a holder of a key that always counts, or a super key",
            confirms: { _, lock, caller, services in try await lock.authority(of: caller, services).isWithoutLimit },
            permits: { _, lock, caller in lock.isManaged(by: caller) })
    }

    /// Rule LO: stricter than rule L; a key on the lock is not enough.
    static var owner: Rule {
        Rule(
            "the tenant that owns the lock, its owner, or a super key",
            confirms: { _, lock, caller, services in try await !lock.isBarred(caller, services) },
            permits: { _, lock, caller in lock.isGiven(by: caller) })
    }
}

extension Lock {
    /// Returns whether the caller may give away what belongs to the lock's owner.
    func isGiven(by caller: Caller) -> Bool {
        if case .user(let user, _) = caller { return isOwned(by: user) }
        return isManaged(by: caller)
    }

    func isGiven(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isGiven(by: caller) else { return false }
        return try await !isBarred(caller, services)
    }

    /// Returns whether the caller manages the lock now.
    func isManaged(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await authority(of: caller, services).counts
    }

    /// Returns whether the caller may give keys to the lock now.
    func isGivenKeys(by caller: Caller, _ services: Services) async throws -> Bool {
        guard isManaged(by: caller) else { return false }
        return try await authority(of: caller, services).isWithoutLimit
    }

    /// Returns when the caller's right to the lock ends by itself; nil if it does not.
    func end(of caller: Caller, _ services: Services) async throws -> Timestamp? { try await authority(of: caller, services).end }

    /// Returns whether the caller is a user who is suspended at this lock, either everywhere or by the lock's tenant.
    func isBarred(_ caller: Caller, _ services: Services) async throws -> Bool {
        guard case .user(let user, _) = caller else { return false }
        return try await isBarred(user, services)
    }

    func isBarred(_ user: UserID, _ services: Services) async throws -> Bool {
        try bars(try await services.store.query(services.directory.suspensions(user)))
    }

    /// An empty tenant means everywhere.
    private func bars(_ suspensions: [Row]) throws -> Bool {
        try suspensions.contains { row in
            let tenant: OrgID = try row.read("org_id")
            return tenant.text.isEmpty || tenant == org
        }
    }

    /// The current authority of a caller who manages the lock.
    struct Authority: Equatable {
        /// Whether one of their keys is active now, or they need none.
        var counts: Bool
        /// Whether the authority is limited neither to a period nor to certain hours.
        var isWithoutLimit: Bool
        /// When the current authority ends by itself.
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
            // Without a row, or with one that exists only because of a suspension, the key is always active.
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
