import Application
import Kernel

/// Changes a user's names. The event states which names have changed, not their values.
struct UpdateProfile: Command, ConcernsUser {
    let user: UserID
    let firstName: NonEmptyString?
    let lastName: NonEmptyString?

    var target: String { user.text }

    enum Refusal: DomainError {
        case nothingGiven
        var kind: RefusalKind { .invalid }
        var message: String { "firstName or lastName is needed." }
    }

    /// The stored names.
    struct Facts: Sendable {
        let firstName: String?
        let lastName: String?
    }

    func facts(on snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Facts {
        let contact = try await services.store.query(Contacts.find(user)).first
        return Facts(firstName: try contact?.find("first_name", as: String.self), lastName: try contact?.find("last_name", as: String.self))
    }

    private func after(_ facts: Facts) -> (first: String?, last: String?) {
        (firstName?.text ?? facts.firstName, lastName?.text ?? facts.lastName)
    }

    func decide(_ user: UserAccount, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        let fields: [UserAccount.ProfileField] = (firstName == nil ? [] : [.firstName]) + (lastName == nil ? [] : [.lastName])
        guard !fields.isEmpty else { throw .nothingGiven }
        let (first, last) = after(facts)
        return first == facts.firstName && last == facts.lastName ? [] : [.profileUpdated(fields)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _ facts: Facts, _ request: Request, _ services: Services
    ) -> Effect {
        let (first, last) = after(facts)
        return events.isEmpty ? .none : .local(Changes(rows: [Contacts.set(first: first, last: last, of: user)]))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/UpdateProfile", "Change a user's names",
        allow: .creator,
        inputs: .init(.path("id", "Id of the user."), .body("firstName", "First name."), .body("lastName", "Last name.")),
        make: UpdateProfile.init(user:firstName:lastName:)
    )
}
