import Application
import Kernel

/// The temporary keys of a lock that are not revoked, with their current status.
struct TempKeysOfLock: ListQuery {
    let lock: LockID

    static let name = "tempKeys", usualLimit = 1_000

    struct Item: Sendable {
        let key: TempKey
        let lock: Lock
        let now: Timestamp
    }

    static let shape = Shape<Item>(
        .member("uuid") { $0.key.id }, .member("lockId") { LockID($0.lock.number) }, .member("lockUuid") { $0.lock.uuid },
        .member("accessMode") { $0.key.users == nil ? AccessMode.everybody : .whitelist }, .member("allowedUserIds") { $0.key.users ?? [] },
        .member("validFrom") { $0.key.from }, .member("validUntil") { $0.key.until }, .member("maxUses") { Nullable($0.key.maxUses) },
        .member("usedCount") { $0.key.usedCount }, .member("createdAt") { $0.key.createdAt }, .member("createdBy") { $0.key.createdBy },
        .member("status") { $0.key.status(at: $0.now) })

    func subject(_ request: Request, _ services: Services) async throws -> Lock { try await services.existing(lock) }

    func page(_ page: PageRequest, of lock: Lock, _ request: Request, _ services: Services) async throws -> Page<Item> {
        let keys = try await TempKeyRows.keys(of: self.lock, page, services), now = services.clock()
        let shown = keys.items.filter { !$0.isRevoked && $0.isAlive(at: lock) }
        return Page(shown.map { Item(key: $0, lock: lock, now: now) }, next: keys.next)
    }

    static let operation = Operation.list(
        "/locks/{id}/temp-keys", "List the temporary keys of a lock, newest first", allow: .owner,
        inputs: .init(.path("id", "Number of the lock.")),
        answers: [ResponseSpec(404, "There is no such lock.")], make: TempKeysOfLock.init(lock:)
    )
}
