import Kernel

/// Why a guest does not get in. A pure decision.
enum GuestRefusal: Refused {
    case noSuchKey, noSuchDoor, notForYou, revoked, expired, usedUp, notYetValid, codeOnly

    var kind: RefusalKind {
        switch self {
        case .noSuchKey, .noSuchDoor: .unknown
        case .notForYou: .forbidden
        case .revoked, .expired, .usedUp, .notYetValid, .codeOnly: .invalid
        }
    }

    var words: String {
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

    init?(_ standing: TempKey.Standing) {
        switch standing {
        case .valid: return nil
        case .revoked: self = .revoked
        case .expired: self = .expired
        case .usedUp: self = .usedUp
        case .notYetValid: self = .notYetValid
        }
    }

    /// The door that opens, or the first reason why none does.
    static func door(_ number: Int?, of key: TempKey, for user: UserID?, byPin: Bool, at now: Moment) throws(Failure) -> TempKey.Door {
        guard key.exists else { throw Failure(noSuchKey) }
        guard let door = number.map(key.door) ?? key.firstSlide else { throw Failure(number == nil ? codeOnly : noSuchDoor) }
        guard key.isFor(user) else { throw Failure(notForYou) }
        if let refusal = GuestRefusal(key.standing(at: now)) { throw Failure(refusal) }
        guard byPin || door.slides else { throw Failure(codeOnly) }
        return door
    }
}
