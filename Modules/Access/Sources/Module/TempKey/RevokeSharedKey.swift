import Kernel

/// Ends a shared key with all its doors and its PIN.
struct RevokeSharedKey: Command {
    let key: TempKey.ID
    let caller: Caller

    var target: String { key.text }

    enum Refusal: DomainError {
        case noSuchKey
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such temporary key." }
    }

    /// The locks that the key still opens.
    func facts(on snapshot: Snapshot<TempKey>, _ request: Request, _ services: Services) async throws -> [Snapshot<Lock>] {
        try await snapshot.state.livingLocks(services)
    }

    func decide(_ key: TempKey, _ locks: [Snapshot<Lock>], at now: Timestamp) throws(Refusal) -> [TempKey.Event] {
        guard key.isShared else { throw .noSuchKey }
        guard let revokedAt = key.revokedAt else { return [.revoked(by: caller.name, at: now)] }
        // Since the request came, somebody else was faster; before, there was no key to revoke.
        guard revokedAt >= now else { throw .noSuchKey }
        return []
    }

    func effect(
        of events: [TempKey.Event], on snapshot: Snapshot<TempKey>, _ locks: [Snapshot<Lock>], _ request: Request, _ services: Services
    ) throws -> Effect {
        guard !events.isEmpty else { return .none }
        let told = try locks.map { try Append([.tempKeyDeleted(snapshot.state.id, by: caller.name)], to: $0, at: request.attempt.now) }
        return .local(Changes(appends: told, rows: [PinRows.remove(snapshot.state.id)]))
    }

    private static let rule = Rule<RevokeSharedKey, TempKey>(
        "whoever may give keys to every lock that the key still opens",
        confirms: { _, key, caller, services in
            let locks = try await key.livingLocks(services)
            for lock in locks where try await !lock.state.isGiven(by: caller, services) { return false }
            // A key that opens nothing any more is ended by who made it.
            return !locks.isEmpty || caller.isSuper || key.createdBy.hasSameBytes(as: caller.name)
        },
        permits: { _, _, _ in true })

    static let operation = make("/temp-keys/{uuid}", "Revoke a temporary key for several doors")
    static let collective = make("/collective-temp-keys/{uuid}", "Revoke a temporary key for several doors (older path)")

    private static func make(_ path: String, _ summary: String) -> Operation {
        Operation.command(
            .delete, path, summary, allow: rule,
            answer: .only(
                200, .constant("success", true), .member("uuid") { $0.command.key },
                .member("alreadyRevoked") { $0.events.isEmpty ? true : nil }),
            inputs: .init(.path("uuid", "The key."), .caller), make: RevokeSharedKey.init(key:caller:))
    }
}

extension TempKey {
    /// The locks that it opens by at least one door that still counts.
    fileprivate func livingLocks(_ services: Services) async throws -> [Snapshot<Lock>] {
        var living: [Snapshot<Lock>] = []
        for number in locks {
            let lock = try await services.store.load(Lock.self, number.description)
            if isAlive(at: lock.state) { living.append(lock) }
        }
        return living
    }
}
