import Kernel

/// Names, addresses and status of a person.
struct UserProfile: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "userId": .string, "email": .string.optional, "firstName": .string.optional, "lastName": .string.optional,
        "phoneNumber": .string.optional, "status": .oneOf(["ACTIVE", "INACTIVE", "SUSPENDED"]).optional,
    ])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> JSON {
        let contact = try await services.store.query(Contacts.find(user)).first
        func text(_ column: String) -> JSON? { contact?.text(column).map(JSON.string) }
        return [
            "userId": user.json, "email": text("email"), "firstName": text("first_name"), "lastName": text("last_name"),
            "phoneNumber": text("phone"), "status": .string(snapshot.state.status(for: request.caller).rawValue),
        ]
    }

    static let operation = Operation.query(
        "/users/{id}/profile", "Read a user's profile", allow: .selfOrTenant, input: .path("id", "Id of the user."), make: UserProfile.init(user:)
    )
}
