import Kernel

/// Takes a number plate from a user.
struct RemoveLicensePlate: Command, ConcernsUser {
    let user: UserID
    let plate: PlateText

    var target: String { user.text }

    enum Refusal: Refused {
        case notListed
        var kind: RefusalKind { .invalid }
        var words: String { "The user has no such plate." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Moment) throws(Refusal) -> [UserAccount.Event] {
        guard let held = user.plate(plate) else { throw .notListed }
        return [.plateRemoved(held.plate)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemoveLicensePlate", "Remove a number plate from a user",
        allow: .selfOrTenant,
        answer: CommandAnswer(["plate": .string]) { command, _, _ in ["plate": command.plate.json] },
        input: .path("id", "Id of the user."), .body("plate", "The plate in any style."),
        make: RemoveLicensePlate.init(user:plate:)
    )
}
