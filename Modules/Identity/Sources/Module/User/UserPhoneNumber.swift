import Kernel

/// A user's phone number, unmasked.
struct UserPhoneNumber: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object(["userId": .string, "phoneNumber": Schema.string.nullable])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> JSON {
        let contact = try await services.store.query(Contacts.find(user)).first
        return ["userId": user.json, "phoneNumber": contact?.text("phone").map(JSON.string) ?? .null]
    }

    static let operation = Operation.query(
        "/users/{id}/phone-number", "Read a user's phone number", allow: .selfOrTenant, input: .path("id", "Id of the user."),
        make: UserPhoneNumber.init(user:)
    )
}
