import Application
import Kernel

/// A camera.
struct ShowCamera: Query {
    let camera: Camera.ID
    var target: String { camera.text }

    static let shape = Shape<Snapshot<Camera>>(
        .json("cameraId", .string) { .string($0.stream.id) }, .member("threeDeyeCameraId") { $0.state.remote },
        .member("type") { $0.state.kind }, .member("name") { $0.state.name },
        .json("orgId", .string) { $0.state.org.map(\.json) ?? "" }, .json("ownerId", .string) { $0.state.owner.map(\.json) ?? "" },
        .member("status") { $0.state.status }, .member("httpUrl") { $0.state.httpURL }, .member("rtspUrl") { $0.state.rtspURL },
        .json("registrationCode", .string) { .string($0.state.code ?? "") },
        .json("lockId", .string) { $0.state.lock.map(\.json) ?? "" }, .member("version") { $0.version },
        .member("timestamp") { $0.changedAt })

    func answer(_ snapshot: Snapshot<Camera>, _ request: Request, _ services: Services) -> Snapshot<Camera> { snapshot }

    static let operation = Operation.query(
        "/cameras/{id}/details", "Read a camera", allow: .keeper, inputs: .init(.path("id", "Id of the camera.")),
        make: ShowCamera.init(camera:))
}
