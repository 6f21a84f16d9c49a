import Application
import IdentityContracts
import Kernel

/// Removes a user from the residents, who hear the doorbell.
struct RemoveResident: Command {
    let lock: LockID
    let email: String?
    let who: PersonSelector

    init(lock: LockID, email: String?, phone: String?, user: NonEmptyString?) {
        (self.lock, self.email) = (lock, email)
        who = PersonSelector(user: user.map { UserID($0.text) }, email: email, phone: phone)
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case nobodyNamed, notListed
        var kind: RefusalKind { .invalid }
        var message: String { self == .nobodyNamed ? "userId, email or phoneNumber is needed." : "The user is no resident of the lock." }
    }

    func decide(_ lock: Lock, _ facts: PersonFound, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard !who.isEmpty else { throw .nobodyNamed }
        guard let found = facts.user.flatMap(lock.resident) ?? residentByAddress(of: lock) else { throw .notListed }
        return [.residentRemoved(found.user, email: found.email)]
    }

    /// Older residents may be known by their email address alone.
    private func residentByAddress(of lock: Lock) -> Resident? {
        guard who.user == nil, let address = email?.normalisedAddress else { return nil }
        return lock.residents.first { $0.email?.normalisedAddress == address }
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> PersonFound {
        try await who.find(request, services)
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/RemoveResident", "Remove a resident",
        allow: .manager,
        answer: .event(and: .member("email") { $0.command.email }),
        inputs: .init(
            .path("id", "Number of the lock."), .body("email", "The resident's address."), .body("phoneNumber", "The resident's number."),
            .body("userId", "The resident's id; wins over address and number.")), make: RemoveResident.init(lock:email:phone:user:)
    )
}
