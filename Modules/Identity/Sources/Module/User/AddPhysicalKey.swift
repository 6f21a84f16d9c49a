import Application
import Kernel

/// Records a physical key that was handed to the user. Numbers count up per user and are never reused.
struct AddPhysicalKey: Command, ConcernsUser {
    let user: UserID
    let org: NonEmptyString
    let orgName: String?
    let note: Note?

    var target: String { user.text }

    /// A remark of at most 500 characters.
    struct Note: StringValue {
        let text: String
        init(_ text: String) { self.text = text }
        static var maxLength: Int { 500 }
    }

    enum Refusal: DomainError {
        case isFull
        var kind: RefusalKind { .invalid }
        var message: String { "A user has at most \(UserAccount.maxPhysicalKeys) physical keys." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard user.physicalKeys.count < UserAccount.maxPhysicalKeys else { throw .isFull }
        return [
            .physicalKeyAdded(
                PhysicalKey(number: user.lastKeyNumber + 1, org: OrgID(org.text), orgName: orgName, note: note?.text, addedAt: now))
        ]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddPhysicalKey", "Record a physical key handed to a user",
        allow: .selfOrTenant,
        answer: .event(and: .members(of: PhysicalKey.shape) { $0.state.physicalKeys[$0.state.physicalKeys.count - 1] }),
        inputs: .init(
            .path("id", "Id of the user."),
            .body("orgId", "The tenant that the key belongs to."),
            .body("orgName", "Its name."),
            .body("note", "A remark.")), make: AddPhysicalKey.init(user:org:orgName:note:)
    )
}
