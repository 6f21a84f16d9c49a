import Application
import Kernel

/// Read model: who is in which role, and which camera.
enum CameraRolesView {
    static let migration = Migration(
        "005-camera-roles",
        [
            "CREATE TABLE video.role_members (role_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (user_id, role_id))",
            "CREATE INDEX role_members_by_role ON video.role_members (role_id)",
        ])

    static let view = View<CameraRole>(.table("role_members", by: "role_id"), rows: rows(for:))

    private static func rows(for change: Change<CameraRole>) -> [SQL] {
        let id = change.stream.id
        return switch change.event {
        case .created, .cameraAssigned, .cameraRemoved: []
        case .deleted: ["DELETE FROM video.role_members WHERE role_id = \(id)"]
        case .userAssigned(let member, _):
            [
                """
                INSERT INTO video.role_members (role_id, user_id) VALUES (\(id), \(member.user)) ON CONFLICT (user_id, role_id) DO NOTHING
                """
            ]
        case .userRemoved(let member, _):
            ["DELETE FROM video.role_members WHERE role_id = \(id) AND user_id = \(member.user)"]
        }
    }

    /// As many roles of one user as are looked at.
    private static let limit = 1_000

    static func of(_ user: UserID) -> SQL {
        "SELECT role_id FROM video.role_members WHERE user_id = \(user) ORDER BY role_id LIMIT \(limit)"
    }
}

extension CameraRole {
    /// The living roles that a user is in, each as it is stored.
    static func all(of user: UserID, _ services: Services) async throws -> [CameraRole] {
        var roles: [CameraRole] = []
        for row in try await services.store.query(CameraRolesView.of(user)) {
            let id: CameraRole.ID = try row.read("role_id")
            let role = try await services.store.load(CameraRole.self, id.text).state
            // What was taken away a moment ago counts, whatever the view says.
            if role.status == .active, role.members.contains(where: { $0.user == user }) { roles.append(role) }
        }
        return roles
    }
}
