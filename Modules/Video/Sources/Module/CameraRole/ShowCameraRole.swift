import Application
import Kernel

/// A camera role.
struct ShowCameraRole: Query {
    let role: CameraRole.ID
    var target: String { role.text }

    private static let member = Shape<CameraRole.Member>(.member("userId") { $0.user }, .member("threeDeyeUserId") { $0.account })
    private static let access = Shape<CameraRole.Access>(.member("cameraId") { $0.camera }, .member("permissions") { $0.permissions })
    static let shape = Shape<Snapshot<CameraRole>>(
        .json("roleId", .string) { .string($0.stream.id) }, .member("threeDeyeRoleId") { $0.state.remote },
        .member("name") { $0.state.name }, .member("description") { $0.state.description },
        .json("orgId", .string) { $0.state.org.map(\.json) ?? "" }, .member("status") { $0.state.status },
        .list("users", of: member) { $0.state.members }, .list("cameras", of: access) { $0.state.cameras },
        .member("version") { $0.version }, .member("timestamp") { $0.changedAt })

    func answer(_ snapshot: Snapshot<CameraRole>, _ request: Request, _ services: Services) -> Snapshot<CameraRole> { snapshot }

    static let operation = Operation.query(
        "/camera-roles/{id}/details", "Read a camera role", allow: .tenant, inputs: .init(.path("id", "Id of the role.")),
        make: ShowCameraRole.init(role:))
}
