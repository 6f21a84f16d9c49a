import Application
import Kernel
import VideoContracts

/// Where a user finds the live stream of a camera.
struct CameraStream: Query {
    let camera: Camera.ID
    var target: String { camera.text }

    struct Reply: Sendable {
        let camera: Camera
        let streams: ThreeDEye.Streams
    }

    private static let addresses = Shape<ThreeDEye.Streams>(
        .member("http") { $0.http }, .member("rtsp") { $0.rtsp }, .member("hlsStream") { $0.hls }, .member("dashStream") { $0.dash },
        .member("rtmpStream") { $0.rtmp }, .member("thumbnail") { $0.thumbnail }, .member("snapShot") { $0.snapshot })
    static let shape = Shape<Reply>(
        .json("cameraId", .string) { $0.camera.camera.map(\.json) ?? "" }, .member("threeDeyeCameraId") { $0.camera.remote },
        .member("name") { $0.camera.name }, .member("videoStreamState") { $0.streams.state },
        .object("accessUrls", addresses) { $0.streams })

    func answer(_ snapshot: Snapshot<Camera>, _ request: Request, _ services: Services) async throws -> Reply {
        let camera = snapshot.state, remote = try services.port(ThreeDEye.self)
        guard camera.status == .active, !camera.remote.text.isEmpty else {
            throw RequestError.refused(.unknown, code: nil, message: "The camera is not in use.")
        }
        do {
            return Reply(camera: camera, streams: try await remote.cameras.streams(camera.remote.text))
        } catch let failure as ThreeDEye.Failure {
            throw failure.asRequestError
        }
    }

    static let operation = Operation.query(
        "/cameras/{id}/stream", "Read where the live stream of a camera is",
        allow: Rule(
            "a user who may view the camera through a role", by: .token,
            confirms: { _, camera, caller, services in
                guard let user = caller.user else { return false }
                return try await CameraRole.all(of: user, services).contains { role in
                    role.org == camera.org && role.cameras.contains { $0.camera == camera.remote && $0.permissions.contains(.view) }
                }
            }, permits: { _, _, caller in caller.user != nil }),
        inputs: .init(.path("id", "Id of the camera.")), make: CameraStream.init(camera:))
}
