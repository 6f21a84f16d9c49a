import Kernel

/// Changes the window, the limit or the guests of a key of one lock; only what is given.
struct UpdateTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let changes: TempKeyChanges
    let caller: Caller
    /// The key as it is stored.
    var found: TempKey?

    init(lock: LockID, key: TempKey.ID, from: Moment?, until: Moment?, maxUses: Nullable<Count>?, users: [UUIDText]?, mode: AccessMode?, caller: Caller) {
        (self.lock, self.key, self.caller) = (lock, key, caller)
        changes = TempKeyChanges(
            from: from, until: until, maxUses: maxUses?.flat, users: users?.map { UserID($0.text) }, isWhitelist: mode.map { $0 == .whitelist })
    }

    var target: String { lock.description }

    enum Refusal: Refused {
        case noSuchKey, keyOfAnotherLock, nothingGiven, endsBeforeItBegins, nobodyAllowed
        var kind: RefusalKind { self == .noSuchKey ? .unknown : .invalid }
        var words: String {
            switch self {
            case .keyOfAnotherLock: "The temporary key belongs to another lock."
            case .noSuchKey: "The lock has no such temporary key."
            case .nothingGiven: "A change is needed: validFrom, validUntil, maxUses, allowedUserIds or accessMode."
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .nobodyAllowed: "A whitelist key needs allowedUserIds."
            }
        }
    }

    func decide(_ lock: Lock, at now: Moment) throws(Refusal) -> [Lock.Event] {
        guard let found, !found.isShared, !found.isRevoked else { throw .noSuchKey }
        guard found.door(of: self.lock) != nil else { throw .keyOfAnotherLock }
        guard found.isAlive(at: lock) else { throw .noSuchKey }
        guard !changes.isEmpty else { throw .nothingGiven }
        var after = found
        after.apply(changes)
        guard after.until > after.from else { throw .endsBeforeItBegins }
        guard after.users?.isEmpty != true else { throw .nobodyAllowed }
        return [.tempKeyUpdated(key, changes, by: caller.name)]
    }

    private static let recording = Preparation<UpdateTempKey>(repeats: true) { plan, services in
        .init(appends: [try await services.append([.changed(plan.command.changes, by: plan.command.caller.name)], to: plan.command.key, plan.request)])
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/update-temp-key", "Change a temporary key of a lock",
        allow: .owner,
        completing: { command, _, _, services in
            var command = command
            command.found = try await services.tempKey(command.key)
            return command
        },
        before: recording,
        input:
            .path("id", "Number of the lock."), .body("tempKeyUuid", "The key."), .body("validFrom", "From when, in UTC."), .body("validUntil", "Until when, in UTC."),
        .body("maxUses", "How often it opens; null lifts the limit."), .body("allowedUserIds", "The users of a whitelist key."), .body("accessMode", "Who may use it."),
        .caller,
        make: UpdateTempKey.init(lock:key:from:until:maxUses:users:mode:caller:)
    )
}

extension Services {
    /// A temporary key; nil when there is none.
    func tempKey(_ id: TempKey.ID) async throws -> TempKey? {
        let snapshot = try await store.load(TempKey.self, id.text)
        return snapshot.exists ? snapshot.state : nil
    }

    /// Events for a temporary key, on its version of now.
    func append(_ events: [TempKey.Event], to key: TempKey.ID, _ request: Request) async throws -> Append {
        try Append(events, to: try await store.load(TempKey.self, key.text), at: request.attempt.now)
    }
}
