import Application
import Kernel

/// Creates a temporary key for one lock, under an id chosen by the caller.
struct CreateTempKey: Command {
    let lock: LockID
    let key: TempKey.ID
    let mode: AccessMode
    let users: [UUIDText]
    let from: Timestamp
    let until: Timestamp
    let maxUses: Nullable<Count>?
    let remark: Remark?
    let caller: Caller

    init(
        lock: LockID, key: TempKey.ID, mode: AccessMode, users: [UUIDText], from: Timestamp, until: Timestamp, maxUses: Nullable<Count>?,
        remark: Remark?,
        caller: Caller, _: NothingElse = NothingElse()
    ) {
        self.lock = lock
        self.key = key
        self.mode = mode
        self.users = users
        self.from = from
        self.until = until
        self.maxUses = maxUses
        self.remark = remark
        self.caller = caller
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case endsBeforeItBegins, isOver, nobodyAllowed, idTaken
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .endsBeforeItBegins: "validUntil must be after validFrom."
            case .isOver: "validUntil must be in the future."
            case .nobodyAllowed: "A whitelist key needs allowedUserIds."
            case .idTaken: "There is a temporary key with this tempKeyUuid."
            }
        }
    }

    func decide(_ lock: Lock, _ known: Snapshot<TempKey>, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard until > from else { throw .endsBeforeItBegins }
        guard until > now else { throw .isOver }
        guard mode == .everybody || !users.isEmpty else { throw .nobodyAllowed }
        guard !known.exists else { throw .idTaken }
        return [.tempKeyCreated(TempKeyNotice(definition(of: lock, at: now)))]
    }

    private func definition(of lock: Lock, at now: Timestamp) -> TempKey.Definition {
        TempKey.Definition(
            id: key, isShared: false,
            doors: [TempKey.Door(id: 1, lock: self.lock, lockUuid: lock.uuid, label: nil, method: .key, hands: lock.hands)],
            users: mode == .whitelist ? users.map { UserID($0.text) } : nil, from: from, until: until, maxUses: maxUses?.value?.number,
            description: remark?.text,
            sealedPin: nil, createdBy: caller.name, createdAt: now, giver: TempKey.Giver(caller))
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Snapshot<TempKey> {
        try await services.store.load(TempKey.self, key.text)
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ known: Snapshot<TempKey>, _ request: Request, _ services: Services)
        throws -> Effect
    {
        let now = request.attempt.now
        return .local(Changes(appends: [try Append([.created(definition(of: snapshot.state, at: now))], to: known, at: now)]))
    }

    /// Members of shared keys, each with the values that are true of every key of one lock and therefore accepted.
    private static let foreign: JSON.Object = ["doors": [[]], "accessMethod": ["key"]]

    static let operation = Operation.command(
        .post, "/locks/{id}/create-temp-key", "Make a temporary key for guests of a lock",
        allow: .owner,
        answer: .event(and: .member("tempKeyUuid") { $0.command.key }),
        inputs: .init(
            .path("id", "Number of the lock."), .body("tempKeyUuid", "Id of the key, chosen by the caller."),
            .body("accessMode", "Who may use it."),
            .body("allowedUserIds", "The users of a whitelist key.", default: []), .body("validFrom", "From when, in UTC."),
            .body("validUntil", "Until when, in UTC."),
            .body("maxUses", "How often it opens; null or absent for no limit."), .body("description", "A remark."), .caller,
            .but(foreign, belongTo: "POST /temp-keys")), make: CreateTempKey.init(lock:key:mode:users:from:until:maxUses:remark:caller:_:)
    )
}
