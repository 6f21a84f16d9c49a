import Application
import Kernel

/// Registers a number plate for a user. Several users may share one.
struct AddLicensePlate: Command, ConcernsUser {
    let user: UserID
    let plate: PlateText
    let label: String

    var target: String { user.text }

    enum Refusal: DomainError {
        case listedAlready, isFull
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .listedAlready: "The user has this plate already."
            case .isFull: "A user has at most \(UserAccount.maxPlates) plates."
            }
        }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard user.plate(plate) == nil else { throw .listedAlready }
        guard user.plates.count < UserAccount.maxPlates else { throw .isFull }
        return [.plateAdded(LicensePlate(plate: plate, label: label, addedAt: now))]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        events.isEmpty ? .none : .local(Changes(rows: PlateRows.add(plate, of: user, by: request.caller)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddLicensePlate", "Register a number plate for a user",
        allow: .selfOrTenant,
        answer: .event(and: .member("plate") { $0.command.plate }, .member("label") { $0.command.label }),
        inputs: .init(.path("id", "Id of the user."), .body("plate", "The plate in any style."), .body("label", "A remark.", default: "")),
        make: AddLicensePlate.init(user:plate:label:)
    )
}
