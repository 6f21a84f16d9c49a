import Application
import Kernel

/// Ends a temporary key of one lock; it no longer opens anything.
struct DeleteTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let caller: Caller

    init(lock: LockID, key: TempKey.ID, caller: Caller) {
        self.lock = lock
        self.key = key
        self.caller = caller
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case noSuchKey
        var kind: RefusalKind { .unknown }
        var message: String { "The lock has no such temporary key." }
    }

    func decide(_ lock: Lock, _ key: Snapshot<TempKey>, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard let found = key.existing, !found.isShared, !found.isRevoked, found.isAlive(at: lock) else { throw .noSuchKey }
        return [.tempKeyDeleted(self.key, by: caller.name)]
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Snapshot<TempKey> {
        try await services.store.load(TempKey.self, key.text)
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ key: Snapshot<TempKey>, _ request: Request, _ services: Services)
        throws -> Effect
    {
        .local(Changes(appends: [try Append([.revoked(by: caller.name, at: request.attempt.now)], to: key, at: request.attempt.now)]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/delete-temp-key", "End a temporary key of a lock",
        allow: .owner,
        inputs: .init(.path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .caller),
        make: DeleteTempKey.init(lock:key:caller:)
    )
}
