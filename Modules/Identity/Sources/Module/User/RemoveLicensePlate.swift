import Application
import Kernel

/// Removes a number plate from a user.
struct RemoveLicensePlate: Command, ConcernsUser {
    let user: UserID
    let plate: PlateText

    var target: String { user.text }

    enum Refusal: DomainError {
        case notListed
        var kind: RefusalKind { .invalid }
        var message: String { "The user has no such plate." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard let held = user.plate(plate) else { throw .notListed }
        return [.plateRemoved(held.plate)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        events.isEmpty ? .none : .local(Changes(rows: [PlateRows.remove(plate, from: user)]))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemoveLicensePlate", "Remove a number plate from a user",
        allow: .selfOrTenant,
        answer: .event(and: .member("plate") { $0.command.plate }),
        inputs: .init(.path("id", "Id of the user."), .body("plate", "The plate in any style.")), make: RemoveLicensePlate.init(user:plate:)
    )
}
