import Application
import Kernel

/// Changes the validity, the use limit or the guests of a temporary key of one lock. Only the given members change.
struct UpdateTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let changes: TempKeyChanges
    let caller: Caller

    init(
        lock: LockID, key: TempKey.ID, from: Timestamp?, until: Timestamp?, maxUses: Nullable<Count>?, users: [UUIDText]?,
        mode: AccessMode?,
        caller: Caller
    ) {
        self.lock = lock
        self.key = key
        self.caller = caller
        changes = TempKeyChanges(
            from: from, until: until, maxUses: maxUses?.flat, users: users?.map { UserID($0.text) },
            isWhitelist: mode.map { $0 == .whitelist })
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case noSuchKey, keyOfAnotherLock, nothingGiven, endsBeforeItBegins, nobodyAllowed
        var kind: RefusalKind { self == .noSuchKey ? .unknown : .invalid }
        var message: String {
            switch self {
            case .keyOfAnotherLock: "The temporary key belongs to another lock."
            case .noSuchKey: "The lock has no such temporary key."
            case .nothingGiven: "A change is needed: validFrom, validUntil, maxUses, allowedUserIds or accessMode."
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .nobodyAllowed: "A whitelist key needs allowedUserIds."
            }
        }
    }

    func decide(_ lock: Lock, _ key: Snapshot<TempKey>, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard let found = key.existing, !found.isShared, !found.isRevoked else { throw .noSuchKey }
        guard found.door(of: self.lock) != nil else { throw .keyOfAnotherLock }
        guard found.isAlive(at: lock) else { throw .noSuchKey }
        guard !changes.isEmpty else { throw .nothingGiven }
        var after = found
        after.apply(changes)
        guard after.until > after.from else { throw .endsBeforeItBegins }
        guard after.users?.isEmpty != true else { throw .nobodyAllowed }
        return [.tempKeyUpdated(self.key, changes, by: caller.name)]
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Snapshot<TempKey> {
        try await services.store.load(TempKey.self, key.text)
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ key: Snapshot<TempKey>, _ request: Request, _ services: Services)
        throws -> Effect
    {
        .local(Changes(appends: [try Append([.changed(changes, by: caller.name)], to: key, at: request.attempt.now)]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/update-temp-key", "Change a temporary key of a lock",
        allow: .owner,
        inputs: .init(
            .path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .body("validFrom", "From when, in UTC."),
            .body("validUntil", "Until when, in UTC."),
            .body("maxUses", "How often it opens; null lifts the limit."), .body("allowedUserIds", "The users of a whitelist key."),
            .body("accessMode", "Who may use it."),
            .caller), make: UpdateTempKey.init(lock:key:from:until:maxUses:users:mode:caller:)
    )
}

extension Snapshot<TempKey> {
    /// The key; nil if it does not exist.
    var existing: TempKey? { exists ? state : nil }
}
