import Application
import Kernel

/// The cameras that a user sees through roles, each with everything that the user may do with it.
struct MyCameras: Lookup {
    struct Seen: Sendable {
        let camera: Camera
        var permissions: [Permission]
    }

    static let missing: String? = nil
    /// As many cameras as a list shows.
    private static let limit = 1_000

    private static let camera = Shape<Seen>(
        .json("cameraId", .string) { $0.camera.camera.map(\.json) ?? "" }, .member("threeDeyeCameraId") { $0.camera.remote },
        .member("name") { $0.camera.name }, .member("type") { $0.camera.kind }, .member("status") { $0.camera.status },
        .member("httpUrl") { $0.camera.httpURL }, .member("rtspUrl") { $0.camera.rtspURL },
        .json("orgId", .string) { $0.camera.org.map(\.json) ?? "" }, .member("permissions") { $0.permissions })
    static let shape = Shape<[Seen]>(.list("cameras", of: camera) { $0 }, .member("total") { $0.count })

    func find(_ request: Request, _ services: Services) async throws -> [Seen]? {
        guard let user = request.caller.user else { return [] }
        var seen: [Camera.ID: Seen] = [:]
        for role in try await CameraRole.all(of: user, services) {
            for access in role.cameras where seen.count < Self.limit {
                for row in try await services.store.query(CamerasView.find(access.camera)) {
                    let id: Camera.ID = try row.read("camera_id"), camera = try await services.store.load(Camera.self, id.text).state
                    guard camera.org == role.org, camera.status != .deleted else { continue }
                    let known = seen[id]?.permissions ?? []
                    seen[id] = Seen(camera: camera, permissions: known + access.permissions.filter { !known.contains($0) })
                }
            }
        }
        return seen.sorted { $0.key.text < $1.key.text }.map(\.value)
    }

    static let operation = Operation.lookup(
        "/cameras/my", "List the cameras that one sees through roles",
        allow: Rule("a user", by: .token) { _, _, caller in caller.user != nil }, inputs: .init(),
        make: { MyCameras() })
}
