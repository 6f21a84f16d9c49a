import Application
import DevicesContracts
import Kernel

/// Registers a key on the lock and programs the device, either at once or for the hours in which the key is active.
struct AddKey: Command {
    let lock: LockID
    let key: Key.ID
    let index: Int?
    let user: UserID?
    var validity = Validity.always

    /// The facts about the key, its time zone and its holder.
    struct Facts: Sendable {
        let isZoneKnown: Bool
        let isHolderSuspended: Bool
        /// The key's grant. Nil if the key needs none: it is new, always active, and its holder is not suspended.
        let grant: Snapshot<KeyGrant>?

        /// The validity that the key already has, if its grant gives it one.
        var granted: Validity? { grant.flatMap { $0.state.isLive ? $0.state.terms?.validity : nil } }
    }

    init(lock: LockID, key: Key.ID, index: Int?, user: UserID?) {
        self.lock = lock
        self.key = key
        self.index = index
        self.user = user
    }

    init(lock: LockID, key: Key.ID, index: Int?, user: UserID?, from: Timestamp?, until: Timestamp?, schedule: WeeklySchedule?) {
        self.init(lock: lock, key: key, index: index, user: user)
        validity = Validity(from: from, until: until, schedule: schedule)
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case keyTakenByAnother, hasOtherHours, endsBeforeItBegins, isOver, noSuchZone, isFull
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .keyTakenByAnother: "The lock has this key with another slot or holder."
            case .hasOtherHours: "The lock has this key with another validity; remove it first."
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .isOver: "validUntil has passed."
            case .isFull: "A lock has at most \(Lock.maxKeys) keys."
            case .noSuchZone: "schedule.timeZone is no time zone of the IANA database."
            }
        }
    }

    func decide(_ lock: Lock, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard facts.isZoneKnown else { throw .noSuchZone }
        if let from = validity.from, let until = validity.until, until <= from { throw .endsBeforeItBegins }
        let wanted = Key(id: key, index: index, user: user)
        if let held = lock.key(key) {
            guard held == wanted else { throw .keyTakenByAnother }
            guard facts.granted ?? .always == validity else { throw .hasOtherHours }
            return []  // adding a key twice is not an error
        }
        guard !validity.isOver(at: now) else { throw .isOver }
        guard lock.keys.count < Lock.maxKeys else { throw .isFull }
        return [.keyAdded(wanted)]
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Facts {
        let zone = validity.schedule?.timeZone, isSuspended = try await isHolderSuspended(at: snapshot.state, services)
        let needsGrant = snapshot.state.key(key) != nil || !validity.isAlways || isSuspended
        return Facts(
            isZoneKnown: zone.map { services.zones.offset($0, request.attempt.now) != nil } ?? true, isHolderSuspended: isSuspended,
            grant: needsGrant ? try await services.store.load(KeyGrant.self, KeyGrant.id(lock, key)) : nil)
    }

    private func isHolderSuspended(at lock: Lock, _ services: Services) async throws -> Bool {
        guard let user else { return false }
        return try await lock.isBarred(user, services)
    }

    static let effectAnswers = DeviceCall.answers

    /// Sends an unlimited key to the device before it is stored. A key with a validity, or of a suspended holder, is stored with its grant,
    /// and a workflow programs the device in time: recovery after a crash must not turn it into an unlimited key.
    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ facts: Facts, _ request: Request, _ services: Services) throws
        -> Effect
    {
        guard !events.isEmpty else { return .none }
        guard !validity.isAlways || facts.isHolderSuspended else {
            let command = DeviceCommand.addKey(DeviceKey(id: key.text, index: index), holder: user)
            let push = DevicePush(command: command, lifetime: nil, kind: .addKey, basis: .listedKey(key))
            return .device(push, of: snapshot.state, for: request)
        }
        guard let grant = facts.grant else {
            throw RequestError.unavailable("The key's validity could not be read.", retryAfter: .seconds(1))
        }
        let run = WorkflowID(request.identifier(for: "timed-key").text), now = request.attempt.now
        let terms = KeyGrant.Terms(lock: lock, key: key, index: index, holder: user, validity: validity, since: snapshot.version + 1)
        let granted: [KeyGrant.Event] =
            [.granted(terms, isOnDevice: false, run: run)] + (facts.isHolderSuspended ? [.barred(run: run)] : [])
        let start = services.startWorkflow(
            try WorkflowStart(KeepKeyInTime(grant: KeyGrant.id(lock, key)), as: run, by: request.caller.name, at: now))
        return .local(Changes(appends: [try Append(granted, to: grant, at: now)], rows: [start]))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/AddKey", "Add a key to a lock, for good, for a time or for hours of the week",
        allow: .keyGiver,
        inputs: .init(
            .path("id", "Number of the lock."),
            .body("keyUuid", "Identifier of the key."),
            .body("keyIndexNumber", "Slot on the device."),
            .body("userId", "Who holds the key; may then manage the lock."),
            .body("validFrom", "From when the key counts."),
            .body("validUntil", "Until when."),
            .body("schedule", "At which hours of the week, in the time of a place; `to` not after `from` goes on into the next day.")),
        make: AddKey.init(lock:key:index:user:from:until:schedule:)
    )
}
