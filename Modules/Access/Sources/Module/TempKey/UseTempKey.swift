import Kernel

/// Records a use that happened elsewhere, in the lock's history and in the key's count.
struct UseTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let user: UUIDText?
    let action: ActionID
    /// The key as it is stored.
    var found: TempKey?

    init(lock: LockID, key: TempKey.ID, user: UUIDText?, action: ActionID) { (self.lock, self.key, self.user, self.action) = (lock, key, user, action) }

    var target: String { lock.description }

    enum Refusal: Refused {
        case noSuchKey
        var kind: RefusalKind { .invalid }
        var words: String { "The lock has no such temporary key." }
    }

    func decide(_ lock: Lock, at now: Moment) throws(Refusal) -> [Lock.Event] {
        guard let found, found.door(of: self.lock) != nil else { throw .noSuchKey }
        return [.tempKeyUsed(TempKeyUse(key: key, user: user.map { UserID($0.text) }, count: found.usedCount + 1))]
    }

    private static let recording = Preparation<UseTempKey>(repeats: true) { plan, services in
        .init(appends: [try await services.append([.useReserved(plan.command.action)], to: plan.command.key, plan.request)])
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/use-temp-key", "Record a use of a temporary key",
        allow: .owner,
        completing: { command, _, _, services in
            var command = command
            command.found = try await services.tempKey(command.key)
            return command
        },
        before: recording,
        input: .path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .body("userId", "The guest, where known."), .action,
        make: UseTempKey.init(lock:key:user:action:)
    )
}
