import Application
import Kernel

extension UserAccount {
    /// Returns the metal keys that the caller may see: API keys see those of their tenant, users and super keys see all.
    func physicalKeys(for caller: Caller) -> [PhysicalKey] { physicalKeys.filter { caller.org == nil || $0.org == caller.org } }
}

/// Searches a user's metal keys.
struct PhysicalKeys: Query, ConcernsUser {
    let user: UserID
    let org: String?
    let orgName: String?
    let text: String?
    var target: String { user.text }

    private static let limit = 100
    static let shape = Shape<[PhysicalKey]>(.list("keys", of: PhysicalKey.shape) { Array($0.prefix(limit)) }, .member("total") { $0.count })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> [PhysicalKey] {
        let wanted = text?.lowercased()
        return snapshot.state.physicalKeys(for: request.caller).filter { key in
            (org.map { key.org.text.hasSameBytes(as: $0) } ?? true) && (orgName == nil || key.orgName == orgName)
                && (wanted == nil || key.note?.lowercased().contains(wanted ?? "") == true)
        }
    }

    static let operation = Operation.query(
        "/users/{id}/PhysicalKeys", "Search a user's metal keys", allow: .selfOrTenant,
        inputs: .init(
            .path("id", "Id of the user."), .query("orgId", "The tenant, exactly."), .query("orgName", "The tenant's name, exactly."),
            .query("q", "Part of the note, in any case.")), make: PhysicalKeys.init(user:org:orgName:text:)
    )
}
