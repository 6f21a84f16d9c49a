import Application
import Kernel

/// Names, contact data and status of a user.
struct UserProfile: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    struct Reply: Sendable {
        let user: UserID
        let contact: Contact?
        let status: UserAccount.Status
    }

    static let shape = Shape<Reply>(
        .member("userId") { $0.user }, .member("email") { $0.contact?.email }, .member("firstName") { $0.contact?.firstName },
        .member("lastName") { $0.contact?.lastName }, .member("phoneNumber") { $0.contact?.phone }, .member("status") { $0.status })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Reply {
        Reply(user: user, contact: try await services.contact(Contacts.find(user)), status: snapshot.state.status(for: request.caller))
    }

    static let operation = Operation.query(
        "/users/{id}/profile", "Read a user's profile", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: UserProfile.init(user:)
    )
}
