import Kernel

/// Registers a key on the lock and programs the device: at once, or at the hours at which the key counts.
struct AddKey: Command {
    let lock: LockID
    let key: Key.ID
    let index: Int?
    let user: UserID?
    var validity = Validity.always
    /// What is known of the key already, whether its time zone exists, and whether its holder is suspended.
    var granted: Validity?
    var isZoneKnown = true
    var isHolderSuspended = false

    init(lock: LockID, key: Key.ID, index: Int?, user: UserID?) { (self.lock, self.key, self.index, self.user) = (lock, key, index, user) }

    init(lock: LockID, key: Key.ID, index: Int?, user: UserID?, from: Moment?, until: Moment?, schedule: WeeklySchedule?) {
        self.init(lock: lock, key: key, index: index, user: user)
        validity = Validity(from: from, until: until, schedule: schedule)
    }

    var target: String { lock.description }

    enum Refusal: Refused {
        case keyTakenByAnother, hasOtherHours, endsBeforeItBegins, isOver, noSuchZone, isFull
        var kind: RefusalKind { .invalid }
        var words: String {
            switch self {
            case .keyTakenByAnother: "The lock has this key with another slot or holder."
            case .hasOtherHours: "The lock has this key with another validity; remove it first."
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .isOver: "validUntil has passed."
            case .isFull: "A lock has at most \(Lock.mostKeys) keys."
            case .noSuchZone: "schedule.timeZone is no time zone of the IANA database."
            }
        }
    }

    func decide(_ lock: Lock, at now: Moment) throws(Refusal) -> [Lock.Event] {
        guard isZoneKnown else { throw .noSuchZone }
        if let from = validity.from, let until = validity.until, until <= from { throw .endsBeforeItBegins }
        let wanted = Key(id: key, index: index, user: user)
        if let held = lock.key(key) {
            guard held == wanted else { throw .keyTakenByAnother }
            guard granted ?? .always == validity else { throw .hasOtherHours }
            return []  // asking twice is not an error
        }
        guard !validity.isOver(at: now) else { throw .isOver }
        guard lock.keys.count < Lock.mostKeys else { throw .isFull }
        return [.keyAdded(wanted)]
    }

    static let complete: @Sendable (AddKey, Snapshot<Lock>, Request, Services) async throws -> AddKey = { command, lock, request, services in
        var command = command
        if let schedule = command.validity.schedule { command.isZoneKnown = services.zones.offset(schedule.timeZone, request.attempt.now) != nil }
        if lock.state.key(command.key) != nil {
            let grant = try await services.store.load(KeyGrant.self, KeyGrant.id(command.lock, command.key)).state
            command.granted = grant.isLive ? grant.terms?.validity : nil
        }
        if let user = command.user { command.isHolderSuspended = try await lock.state.isBarred(user, services) }
        return command
    }

    private static let push = Preparation<AddKey>.device { plan in
        let command = plan.command
        let args: JSON = ["key_uuid": command.key.json, "key_index": command.index?.json, "user_id": command.user?.json]
        return DeviceCommand(name: "add_key", args: args, lifetime: nil, kind: .addKey, basis: .listedKey(command.key))
    }

    /// A key that always counts goes to the device first. One with hours, or of a suspended holder, is stored with its grant, and a run brings
    /// it to the device in time: healed after a crash, it must not become a key without limits.
    static let effect = Preparation<AddKey>(answers: push.answers) { plan, services in
        let command = plan.command
        guard !command.validity.isAlways || command.isHolderSuspended else { return try await push.perform(plan, services) }
        let id = KeyGrant.id(command.lock, command.key), run = WorkflowID(plan.request.identifier(for: "timed-key").text), now = plan.request.attempt.now
        let terms = KeyGrant.Terms(
            lock: command.lock, key: command.key, index: command.index, holder: command.user, validity: command.validity, since: plan.snapshot.version + 1)
        let grant = try await services.store.load(KeyGrant.self, id)
        let barred: [KeyGrant.Event] = command.isHolderSuspended ? [.barred(run: run)] : []
        var outcome = Preparation<AddKey>.Outcome(
            rows: [services.launch(try Launch(KeepKeyInTime(grant: id), as: run, by: plan.request.caller.name, at: now))],
            appends: [try Append([.granted(terms, isOnDevice: false, run: run)] + barred, to: grant, at: now)])
        outcome.isForOneAttempt = true
        return outcome
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/AddKey", "Add a key to a lock, for good, for a time or for hours of the week",
        allow: .keyGiver,
        completing: complete,
        before: effect,
        input:
            .path("id", "Number of the lock."),
        .body("keyUuid", "Identifier of the key."),
        .body("keyIndexNumber", "Slot on the device."),
        .body("userId", "Who holds the key; may then manage the lock."),
        .body("validFrom", "From when the key counts."),
        .body("validUntil", "Until when."),
        .body("schedule", "At which hours of the week, in the time of a place; `to` not after `from` goes on into the next day."),
        make: AddKey.init(lock:key:index:user:from:until:schedule:)
    )
}
