import Application
import Kernel

/// Creates a temporary key for one to fifty doors. Doors that take a code share one PIN, which is returned here and shown on the key's
/// page. The key, the locks' events and the PIN are committed atomically.
struct CreateSharedKey: Command {
    let from: Timestamp
    let until: Timestamp
    let remark: Remark?
    let doors: DoorRequests
    let key: TempKey.ID
    let caller: Caller

    static let createsAggregate = true
    /// Many keys for the same locks may be created concurrently.
    static let maxAttempts = 50
    private static let pinsTried = 50

    var target: String { key.text }

    struct Facts: Sendable {
        /// Each lock once.
        let locks: [Snapshot<Lock>]
        let pin: Pin?
        /// The PIN, encrypted.
        let sealedPin: String?
    }

    enum Refusal: DomainError {
        case endsBeforeItBegins, isOver, isTaken
        var kind: RefusalKind { self == .isTaken ? .conflict : .invalid }
        var message: String {
            switch self {
            case .endsBeforeItBegins: CreateTempKey.Refusal.endsBeforeItBegins.message
            case .isOver: CreateTempKey.Refusal.isOver.message
            case .isTaken: "The key belongs to somebody else."
            }
        }
    }

    func facts(on snapshot: Snapshot<TempKey>, _ request: Request, _ services: Services) async throws -> Facts {
        let locks = try await locks(services)
        for lock in locks where try await !lock.state.isGiven(by: caller, services) { throw Self.rule.violated }
        // An earlier attempt of the same request stored the key, but its answer was lost.
        if let sealed = snapshot.state.sealedPin, isOwn(snapshot.state) {
            return Facts(locks: locks, pin: try Pin.open(sealed, for: key, services.vault), sealedPin: sealed)
        }
        guard doors.doors.contains(where: { $0.method != .key }), !snapshot.exists else {
            return Facts(locks: locks, pin: nil, sealedPin: nil)
        }
        guard services.settings[AccessSettings.hasPins] else { throw RequestError.notConfigured("PINs are not configured here.") }
        let pin = try await freePin(at: request.attempt.now, services)
        return Facts(locks: locks, pin: pin, sealedPin: try pin.sealed(for: key, services.vault))
    }

    private func isOwn(_ key: TempKey) -> Bool { key.createdBy.hasSameBytes(as: caller.name) }

    /// Returns a PIN that none of the locks has, under any data key.
    private func freePin(at now: Timestamp, _ services: Services) async throws -> Pin {
        let coded = Set(doors.doors.filter { $0.method != .key }.map(\.lock))
        for _ in 0..<Self.pinsTried {
            let pin = Pin.random(services.vault)
            let known = try await services.store.read(
                pin.digests(services.vault).flatMap { digest in coded.map { PinRows.find(digest, at: $0, living: now) } })
            if known.allSatisfy(\.isEmpty) { return pin }
        }
        throw RequestError.unavailable("No PIN was free.", retryAfter: .seconds(2))
    }

    private func locks(_ services: Services) async throws -> [Snapshot<Lock>] {
        var locks: [Snapshot<Lock>] = []
        for number in doors.doors.map(\.lock).reduce(into: [LockID](), { if !$0.contains($1) { $0.append($1) } }) {
            let lock = try await services.store.load(Lock.self, number.description)
            guard lock.exists else { throw RequestError.refused(.unknown, code: nil, message: "There is no lock '\(number)'.") }
            locks.append(lock)
        }
        return locks
    }

    func decide(_ known: TempKey, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [TempKey.Event] {
        guard !known.exists else {
            guard isOwn(known) else { throw .isTaken }
            return []
        }
        guard from < until else { throw .endsBeforeItBegins }
        guard now < until else { throw .isOver }
        let states = Dictionary(facts.locks.map { (LockID($0.state.number), $0.state) }) { first, _ in first }
        let doors = doors.doors.enumerated().map { place, door in
            TempKey.Door(
                id: place + 1, lock: door.lock, lockUuid: states[door.lock]?.uuid ?? "", label: door.label, method: door.method,
                hands: states[door.lock]?.hands)
        }
        return [
            .created(
                TempKey.Definition(
                    id: key, isShared: true, doors: doors, users: nil, from: from, until: until, maxUses: nil, description: remark?.text,
                    sealedPin: facts.sealedPin, createdBy: caller.name, createdAt: now, giver: TempKey.Giver(caller)))
        ]
    }

    func effect(of events: [TempKey.Event], on snapshot: Snapshot<TempKey>, _ facts: Facts, _ request: Request, _ services: Services) throws
        -> Effect
    {
        guard case .created(let definition)? = events.first else { return .none }
        let now = request.attempt.now, coded = Set(definition.doors.filter(\.acceptsPin).map(\.lock))
        let told = try facts.locks.map { try Append([.tempKeyCreated(TempKeyNotice(definition))], to: $0, at: now) }
        let pins = facts.pin.map { pin in
            PinRows.forget(before: now) + coded.map { PinRows.insert(pin.digest(services.vault), $0, key, until) }
        }
        return .local(Changes(appends: told, rows: pins ?? []))
    }

    /// Another request drew the same PIN at the same time.
    static func isChance(duplicate constraint: String) -> Bool { constraint.contains("pins") }
}

extension CreateSharedKey {
    /// Members of keys of one lock, each with the values that are true of every shared key and therefore accepted.
    private static let foreign: JSON.Object = ["accessMode": ["public"], "allowedUserIds": [[]], "maxUses": [.null], "tempKeyUuid": []]

    private static let rule = Rule<CreateSharedKey, TempKey>.byFacts("whoever may give keys to every one of the locks")

    static let operation = make("/temp-keys", "Make a temporary key for several doors")
    static let collective = make("/collective-temp-keys", "Make a temporary key for several doors (older path)")

    private static func make(_ path: String, _ summary: String) -> Operation {
        Operation.command(
            .post, path, summary, allow: rule,
            answer: .only(
                201, .constant("success", true), .member("uuid") { $0.state.id }, .member("url") { "/temp-keys/\($0.state.id)" },
                .member("validFrom") { $0.state.from }, .member("validUntil") { $0.state.until },
                .list("doors", of: SharedKeys.door) { $0.state.doors },
                .member("pin") { Nullable($0.facts.pin?.digits) }),
            inputs: .init(
                .body("validFrom", "From when, in UTC."), .body("validUntil", "Until when, in UTC."), .body("description", "A remark."),
                .body("doors", "The doors, in the order of the page."), .secret("temp-key"), .caller,
                .but(foreign, belongTo: "POST /locks/{id}/create-temp-key")),
            make: CreateSharedKey.init(from:until:remark:doors:key:caller:_:))
    }

    private init(from: Timestamp, until: Timestamp, remark: Remark?, doors: DoorRequests, key: TempKey.ID, caller: Caller, _: NothingElse) {
        self.init(from: from, until: until, remark: remark, doors: doors, key: key, caller: caller)
    }

    static var effectAnswers: [ResponseSpec] {
        [ResponseSpec(404, "One of the locks does not exist."), ResponseSpec(503, "PINs are off here, or none is free.")]
    }
}
