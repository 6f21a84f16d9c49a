import Application
import IdentityContracts
import Kernel

/// Adds a user to the residents, who hear the doorbell.
struct AddResident: Command {
    let lock: LockID
    let name: NonEmptyString
    let email: String?
    let who: PersonSelector

    init(lock: LockID, name: NonEmptyString, email: String?, phone: String?, user: NonEmptyString?) {
        self.lock = lock
        self.name = name
        self.email = email
        who = PersonSelector(user: user.map { UserID($0.text) }, email: email, phone: phone)
    }

    var target: String { lock.description }

    enum Refusal: DomainError {
        case nobodyNamed, noSuchUser, listedAlready, isFull
        var kind: RefusalKind { self == .noSuchUser ? .unknown : .invalid }
        var message: String {
            switch self {
            case .nobodyNamed: "userId, email or phoneNumber is needed."
            case .noSuchUser: "No user matches; create the user first."
            case .listedAlready: "The user is a resident already."
            case .isFull: "A lock has at most \(Lock.maxResidents) residents."
            }
        }
    }

    func decide(_ lock: Lock, _ facts: PersonFound, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard !who.isEmpty else { throw .nobodyNamed }
        guard let user = facts.user else { throw .noSuchUser }
        guard lock.resident(user) == nil else { throw .listedAlready }
        guard lock.residents.count < Lock.maxResidents else { throw .isFull }
        return [.residentAdded(Resident(user: user, name: name.text, email: who.user == nil ? email?.normalisedAddress : nil))]
    }

    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> PersonFound {
        try await who.find(request, services)
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/AddResident", "Add a resident, who hears the doorbell",
        allow: .manager,
        answer: .event(and: .member("email") { $0.command.email }),
        inputs: .init(
            .path("id", "Number of the lock."), .body("name", "What the panel shows."), .body("email", "Address of a known user."),
            .body("phoneNumber", "Number of a known user."), .body("userId", "Id of the user; wins over address and number.")),
        make: AddResident.init(lock:name:email:phone:user:)
    )
}
