import Application
import Kernel

/// A camera, with links to its stream for the next hour.
struct ShowRtspCamera: Query {
    let camera: RtspCamera.ID
    var target: String { camera.text }

    struct Reply: Sendable {
        let camera: RtspCamera
        let hls: MediaLink?
        let preview: MediaLink?
        var role: RtspCamera.Role?
    }

    private static let grant = Shape<RtspCamera.Grant>(
        .member("userId") { $0.user }, .member("role") { $0.role }, .member("grantedAt") { $0.grantedAt })

    /// What one camera and each of a list have.
    static let common = Shape<Reply>(
        .json("cameraId", .string) { $0.camera.camera.map(\.json) ?? "" }, .member("name") { $0.camera.name },
        .member("status") { $0.camera.status }, .member("placementStatus") { $0.camera.placement },
        .member("placementError") { $0.camera.placementError }, .json("streamId", .string) { .string($0.camera.source?.stream ?? "") },
        .json("hlsPath", .string) { .string($0.camera.source?.hlsPath ?? "") }, .member("signedHlsUrl") { $0.hls?.url },
        .json("hlsExpiresAt", Schema.integer.optional) { $0.hls.map { .int($0.expiresAt.milliseconds) } },
        .member("httpSnapshotUrl") { $0.camera.snapshotURL }, .member("ownerId") { $0.camera.owner }, .member("orgId") { $0.camera.org },
        .member("createdAt") { $0.camera.createdAt }, .member("updatedAt") { $0.camera.updatedAt })

    static let shape = Shape<Reply>(
        .members(of: common) { $0 }, .member("signedPreviewUrl") { $0.preview?.url },
        .json("previewExpiresAt", Schema.integer.optional) { $0.preview.map { .int($0.expiresAt.milliseconds) } },
        .list("accessGrants", of: grant) { $0.camera.grants })

    func answer(_ snapshot: Snapshot<RtspCamera>, _ request: Request, _ services: Services) -> Reply {
        Reply(
            camera: snapshot.state, hls: snapshot.state.source.flatMap { MediaLink(to: $0.hlsPath, services) },
            preview: snapshot.state.source.flatMap { MediaLink(to: $0.previewPath, services) })
    }

    static let operation = Operation.query(
        "/rtsp-cameras/{id}", "Read an RTSP camera", allow: .viewer, inputs: .init(.path("id", "Id of the camera.")),
        make: ShowRtspCamera.init(camera:))
}

/// The cameras that a user owns or may see, or those of a tenant.
struct ListRtspCameras: Lookup {
    static let missing: String? = nil
    private static let camera = Shape<ShowRtspCamera.Reply>(.members(of: ShowRtspCamera.common) { $0 }, .member("role") { $0.role })
    static let shape = Shape<[ShowRtspCamera.Reply]>(.list("cameras", of: camera) { $0 }, .member("total") { $0.count })

    func find(_ request: Request, _ services: Services) async throws -> [ShowRtspCamera.Reply]? {
        let query: SQL
        switch request.caller {
        case .user(let user, _): query = RtspCamerasView.ownedOrGranted(user)
        case .key(let org, _): query = RtspCamerasView.of(org)
        case .staff, .anonymous: return []
        }
        var found: [ShowRtspCamera.Reply] = []
        for row in try await services.store.query(query) {
            let id: RtspCamera.ID = try row.read("camera_id")
            let snapshot = try await services.store.load(RtspCamera.self, id.text)
            var reply = ShowRtspCamera(camera: id).answer(snapshot, request, services)
            if let user = request.caller.user {
                reply.role = snapshot.state.owner == user ? .manager : snapshot.state.grants.first { $0.user == user }?.role
                // What was revoked or deleted a moment ago is not shown, whatever the view says.
                guard reply.role != nil else { continue }
            }
            if snapshot.state.status != .deleted { found.append(reply) }
        }
        return found
    }

    static let operation = Operation.lookup(
        "/rtsp-cameras", "List one's own RTSP cameras", allow: Rule("whoever is signed in, or any API key") { _, _, _ in true },
        inputs: .init(), make: { ListRtspCameras() })
}

/// A link to media that opens for an hour (HMAC-SHA-256 over path and end, RFC 2104).
struct MediaLink: Sendable, Equatable {
    let url: String
    let expiresAt: Timestamp

    private static let lifetime = Duration.seconds(3_600)

    /// Nil where no media are served.
    init?(to path: String, _ services: Services) {
        guard let base = services.settings[VideoSettings.mediaURL], let secret = services.settings[VideoSettings.mediaSecret] else {
            return nil
        }
        let end = (services.clock() + Self.lifetime).seconds
        let signature = Hexadecimal.encode(services.vault.hmac(Array("\(path)|\(end)".utf8), Array(secret.utf8)))
        url = "\(base.hasSuffix("/") ? String(base.dropLast()) : base)\(path)?exp=\(end)&sig=\(signature)"
        expiresAt = Timestamp(milliseconds: end * 1000)
    }
}
