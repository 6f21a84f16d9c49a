import Kernel

/// Ends a key of one lock; it opens nothing any more.
struct DeleteTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let caller: Caller
    /// The key as it is stored.
    var found: TempKey?

    init(lock: LockID, key: TempKey.ID, caller: Caller) { (self.lock, self.key, self.caller) = (lock, key, caller) }

    var target: String { lock.description }

    enum Refusal: Refused {
        case noSuchKey
        var kind: RefusalKind { .unknown }
        var words: String { "The lock has no such temporary key." }
    }

    func decide(_ lock: Lock, at now: Moment) throws(Refusal) -> [Lock.Event] {
        guard let found, !found.isShared, !found.isRevoked, found.isAlive(at: lock) else { throw .noSuchKey }
        return [.tempKeyDeleted(key, by: caller.name)]
    }

    private static let recording = Preparation<DeleteTempKey>(repeats: true) { plan, services in
        let revoked = TempKey.Event.revoked(by: plan.command.caller.name, at: plan.request.attempt.now)
        return .init(appends: [try await services.append([revoked], to: plan.command.key, plan.request)])
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/delete-temp-key", "End a temporary key of a lock",
        allow: .owner,
        completing: { command, _, _, services in
            var command = command
            command.found = try await services.tempKey(command.key)
            return command
        },
        before: recording,
        input: .path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .caller,
        make: DeleteTempKey.init(lock:key:caller:)
    )
}
