import Application
import Kernel

/// Records a use that happened elsewhere, in the lock's history and in the key's use count.
struct UseTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let user: UUIDText?
    let action: ActionID

    init(lock: LockID, key: TempKey.ID, user: UUIDText?, action: ActionID) {
        self.lock = lock
        self.key = key
        self.user = user
        self.action = action
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case noSuchKey
        var kind: RefusalKind { .invalid }
        var message: String { "The lock has no such temporary key." }
    }

    func decide(_ lock: Lock, _ key: Snapshot<TempKey>, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard let found = key.existing, found.door(of: self.lock) != nil else { throw .noSuchKey }
        return [.tempKeyUsed(TempKeyUse(key: self.key, user: user.map { UserID($0.text) }, count: found.usedCount + 1))]
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Snapshot<TempKey> {
        try await services.store.load(TempKey.self, key.text)
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ key: Snapshot<TempKey>, _ request: Request, _ services: Services)
        throws -> Effect
    {
        .local(Changes(appends: [try Append([.useReserved(action)], to: key, at: request.attempt.now)]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/use-temp-key", "Record a use of a temporary key",
        allow: .owner,
        inputs: .init(
            .path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .body("userId", "The guest, where known."), .action),
        make: UseTempKey.init(lock:key:user:action:)
    )
}
