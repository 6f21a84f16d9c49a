import Application
import Kernel

/// Lists shared keys, including revoked ones: those of a lock, or those that the caller created. PINs are never listed.
struct SharedKeys: ListQuery {
    let lock: LockID?
    let caller: Caller

    static let name = "tempKeys", usualLimit = 1_000

    static let door = Shape<TempKey.Door>(
        .member("id") { $0.id }, .member("lockId") { $0.lock.description }, .member("lockUuid") { $0.lockUuid },
        .member("label") { Nullable($0.label) },
        .member("accessMethod") { $0.method })
    static let shape = Shape<TempKey>(
        .member("uuid") { $0.id }, .member("url") { "/temp-keys/\($0.id)" }, .member("validFrom") { $0.from },
        .member("validUntil") { $0.until },
        .member("description") { Nullable($0.description) }, .member("createdBy") { $0.createdBy }, .member("createdAt") { $0.createdAt },
        .member("revokedAt") { Nullable($0.revokedAt) }, .list("doors", of: door) { $0.doors })

    /// Returns the lock; nil if none is named.
    func subject(_ request: Request, _ services: Services) async throws -> Lock? {
        guard let lock else { return nil }
        return try await services.existing(lock)
    }

    func page(_ page: PageRequest, of lock: Lock?, _ request: Request, _ services: Services) async throws -> Page<TempKey> {
        guard let lock, let number = self.lock else { return try await TempKeyRows.keys(by: caller.name, page, services) }
        let keys = try await TempKeyRows.keys(of: number, page, services)
        return Page(keys.items.filter { $0.isShared && $0.isAlive(at: lock) }, next: keys.next)
    }

    static let operation = Operation.list(
        "/temp-keys", "List temporary keys for several doors, newest first",
        allow: Rule(
            "with lockId whoever may give keys to the lock; without, everybody for the keys they made",
            confirms: { _, lock, caller, services in try await lock?.isGiven(by: caller, services) ?? true }, permits: { _, _, _ in true }),
        inputs: .init(.query("lockId", "Only keys of this lock."), .caller), answers: [ResponseSpec(404, "There is no such lock.")],
        make: SharedKeys.init(lock:caller:)
    )
}

extension Services {
    /// Returns a lock. Throws if it does not exist.
    func existing(_ lock: LockID) async throws -> Lock {
        let snapshot = try await store.load(Lock.self, lock.description)
        guard snapshot.exists else { throw RequestError.refused(.unknown, code: nil, message: "There is no lock '\(lock)'.") }
        return snapshot.state
    }
}
