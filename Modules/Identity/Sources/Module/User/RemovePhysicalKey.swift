import Application
import Kernel

/// Removes a metal key from a user's list. Its number is never reused.
struct RemovePhysicalKey: Command, ConcernsUser {
    let user: UserID
    let number: KeyNumber
    let caller: Caller

    var target: String { user.text }

    enum Refusal: DomainError {
        case noSuchKey
        var kind: RefusalKind { .unknown }
        var message: String { "The user has no such key." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard let key = user.physicalKey(number.number, for: caller) else { throw .noSuchKey }
        return [.physicalKeyRemoved(key, at: now)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemovePhysicalKey", "Remove a metal key from a user",
        allow: .selfOrTenant,
        answer: .event(and: .member("number") { $0.command.number }),
        inputs: .init(.path("id", "Id of the user."), .body("number", "Number of the key."), .caller),
        make: RemovePhysicalKey.init(user:number:caller:)
    )
}
