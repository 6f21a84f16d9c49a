import Application
import Kernel

/// Users whose e-mail addresses are one, looked at without case and blanks.
struct EmailCollisions: Lookup {
    struct Holder: Sendable {
        let user: UserID
        let email: String
        let createdAt: Timestamp
    }

    struct Group: Sendable {
        let email: String
        var holders: [Holder]
    }

    private static let holder = Shape<Holder>(
        .member("uuid") { $0.user }, .member("email") { $0.email }, .member("created_at") { $0.createdAt })
    private static let group = Shape<Group>(.member("normalizedEmail") { $0.email }, .list("users", of: holder) { $0.holders })
    static let missing: String? = nil
    static let shape = Shape<[Group]>(.member("total") { $0.count }, .list("groups", of: group) { $0 })

    func find(_ request: Request, _ services: Services) async throws -> [Group]? {
        var groups: [Group] = []
        for row in try await services.store.query(Contacts.collisions) {
            let email: String = try row.read("normal")
            let holder = Holder(user: try row.read("user_id"), email: try row.read("email"), createdAt: try row.read("created_at"))
            if let last = groups.last, last.email.hasSameBytes(as: email) {
                groups[groups.count - 1].holders.append(holder)
            } else {
                groups.append(Group(email: email, holders: [holder]))
            }
        }
        return groups
    }

    static let operation = Operation.lookup(
        "/admin/users/email-collisions", "List users whose e-mail addresses are one", allow: .staff, inputs: .init(),
        make: { EmailCollisions() })
}
