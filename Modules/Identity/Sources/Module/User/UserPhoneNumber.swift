import Application
import Kernel

/// A user's phone number, unmasked.
struct UserPhoneNumber: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    struct Reply: Sendable {
        let user: UserID
        let phone: String?
    }

    static let shape = Shape<Reply>(.member("userId") { $0.user }, .member("phoneNumber") { Nullable($0.phone) })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Reply {
        Reply(user: user, phone: try await services.contact(Contacts.find(user))?.phone)
    }

    static let operation = Operation.query(
        "/users/{id}/phone-number", "Read a user's phone number", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: UserPhoneNumber.init(user:)
    )
}
