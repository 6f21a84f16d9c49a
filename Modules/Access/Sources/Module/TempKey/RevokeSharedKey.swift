import Application
import Kernel

/// Revokes a shared key with all its doors and its PIN.
struct RevokeSharedKey: Command {
    let key: TempKey.ID
    let caller: Caller

    var target: String { key.text }

    enum Refusal: DomainError {
        case noSuchKey
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such temporary key." }
    }

    struct Facts: Sendable {
        /// The locks that the key still opens.
        let locks: [Snapshot<Lock>]
        /// Whether an earlier attempt of this request found the key alive but lost to a concurrent writer.
        let wasThere: Bool
    }

    func facts(on snapshot: Snapshot<TempKey>, _ request: Request, _ services: Services) async throws -> Facts {
        let key = snapshot.state, wasThere = request.attempt.conflicts > 0
        guard key.isShared, !key.isRevoked || wasThere else { throw RequestError(Refusal.noSuchKey) }
        let locks = try await key.livingLocks(services)
        for lock in locks where try await !lock.state.isGiven(by: caller, services) { throw Self.rule.violated }
        // Only its creator or a super key may revoke a key that no longer opens anything.
        guard !locks.isEmpty || caller.isSuper || key.createdBy.hasSameBytes(as: caller.name) else { throw Self.rule.violated }
        return Facts(locks: locks, wasThere: wasThere)
    }

    func decide(_ key: TempKey, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [TempKey.Event] {
        guard key.isShared, !key.isRevoked || facts.wasThere else { throw .noSuchKey }
        return key.isRevoked ? [] : [.revoked(by: caller.name, at: now)]
    }

    func effect(
        of events: [TempKey.Event], on snapshot: Snapshot<TempKey>, _ facts: Facts, _ request: Request, _ services: Services
    ) throws -> Effect {
        guard !events.isEmpty else { return .none }
        let told = try facts.locks.map {
            try Append([.tempKeyDeleted(snapshot.state.id, by: caller.name)], to: $0, at: request.attempt.now)
        }
        return .local(Changes(appends: told, rows: [PinRows.remove(snapshot.state.id)]))
    }

    private static let rule = Rule<RevokeSharedKey, TempKey>.byFacts("whoever may give keys to every lock that the key still opens")

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
    /// Returns the locks that the key opens by at least one door that is still valid.
    fileprivate func livingLocks(_ services: Services) async throws -> [Snapshot<Lock>] {
        var living: [Snapshot<Lock>] = []
        for number in locks {
            let lock = try await services.store.load(Lock.self, number.description)
            if isAlive(at: lock.state) { living.append(lock) }
        }
        return living
    }
}
