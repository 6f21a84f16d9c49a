import Application
import Kernel

/// The reasons to refuse a guest. A pure decision.
enum GuestRefusal: DomainError {
    case noSuchKey, noSuchDoor, notForYou, revoked, expired, usedUp, notYetValid, codeOnly

    var kind: RefusalKind {
        switch self {
        case .noSuchKey, .noSuchDoor: .unknown
        case .notForYou: .forbidden
        case .revoked, .expired, .usedUp, .notYetValid, .codeOnly: .invalid
        }
    }

    var message: String {
        switch self {
        case .noSuchKey: "There is no such temporary key."
        case .noSuchDoor: "The key has no such door."
        case .notForYou: "The key is not for you."
        case .revoked: "The key was revoked."
        case .expired: "The key has expired."
        case .usedUp: "The key is used up."
        case .notYetValid: "The key is not valid yet."
        case .codeOnly: "This door opens with the PIN at its panel."
        }
    }

    init?(_ status: TempKey.Status) {
        switch status {
        case .valid: return nil
        case .revoked: self = .revoked
        case .expired: self = .expired
        case .usedUp: self = .usedUp
        case .notYetValid: self = .notYetValid
        }
    }

    /// Returns the door to open. Throws the first reason why none may be opened.
    static func door(_ number: Int?, of key: TempKey, for user: UserID?, byPin: Bool, at now: Timestamp) throws(RequestError)
        -> TempKey.Door
    {
        guard key.exists else { throw RequestError(noSuchKey) }
        guard let door = number.map(key.door) ?? key.firstDoorOfPage else { throw RequestError(number == nil ? codeOnly : noSuchDoor) }
        guard key.isFor(user) else { throw RequestError(notForYou) }
        if let refusal = GuestRefusal(key.status(at: now)) { throw RequestError(refusal) }
        guard byPin || door.opensFromPage else { throw RequestError(codeOnly) }
        return door
    }

    /// Checks what the key alone does not show: whether its giver still has the lock, and whether the guest is suspended there.
    static func check(_ door: TempKey.Door, of key: TempKey, at lock: Lock, for user: UserID?, _ services: Services) async throws {
        guard key.isAlive(door, at: lock) else { throw RequestError(revoked) }
        if let user, try await lock.isBarred(user, services) { throw RequestError(notForYou) }
    }

    /// Returns the key of a guest who has reserved a use. Throws if the guest may no longer open the lock with it.
    @discardableResult
    static func confirm(_ id: TempKey.ID, at lock: Lock, for user: UserID?, byPin: Bool, using action: ActionID, _ services: Services)
        async throws -> TempKey
    {
        var key = try await services.store.load(TempKey.self, id.text).state
        key.apply(.useReturned(action))
        guard let found = key.doors.first(where: { $0.lock.number == lock.number && (byPin ? $0.acceptsPin : $0.opensFromPage) }) else {
            throw RequestError(noSuchDoor)
        }
        let door = try door(found.id, of: key, for: user, byPin: byPin, at: services.clock())
        try await check(door, of: key, at: lock, for: user, services)
        return key
    }
}
