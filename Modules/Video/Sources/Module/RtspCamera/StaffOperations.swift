import Application
import Kernel

/// What staff do with cameras: the same commands, by the staff's rule.
enum StaffOperations {
    private static func done<C: ConcernsRtspCamera>() -> CommandResponse<C> {
        .only(200, .constant("success", true), .member("cameraId") { $0.command.camera })
    }

    static let register = Operation.command(
        .post, "/admin/rtsp-cameras", "Register an RTSP camera for somebody", allow: .staff, answer: done(),
        inputs: .init(
            .body("cameraId", "Id of the camera, a UUID."), .body("name", "What people call it."),
            .body("rtspUrl", "Where its stream is."), .body("username", "Opens the stream."), .body("password", "Opens the stream."),
            .body("httpSnapshotUrl", "Where it gives single pictures."), .body("ownerId", "The user who owns it."),
            .body("orgId", "The tenant."), .body("initialUserIds", "Users who may see it at once."))
    ) {
        (
            camera: RtspCamera.ID, name: NonEmptyString, url: RtspURL, username: Secret.Text?, password: Secret.Text?,
            snapshotURL: HTTPAddress?, owner: UserID?, org: OrgID?, viewers: [UserID]?
        ) in
        RegisterRtspCamera(
            camera, named: camera, name: name, source: RtspSource(url, username: username?.text, password: password?.text),
            snapshotURL: snapshotURL, owner: owner, org: org, viewers: viewers ?? [])
    }

    static let delete = Operation.command(
        .delete, "/admin/rtsp-cameras/{id}", "Delete an RTSP camera as staff", allow: .staff, answer: done(),
        inputs: .init(.path("id", "Id of the camera."), .caller), make: { DeleteRtspCamera(camera: $0, author: Name($1.publicName)) })

    static let grant = Operation.command(
        .post, "/admin/rtsp-cameras/{id}/users", "Let a user see an RTSP camera as staff", allow: .staff, answer: done(),
        inputs: .init(.path("id", "Id of the camera."), .body("userId", "The user."), .caller),
        make: { GrantAccess(camera: $0, user: $1, role: .viewer, author: Name($2.publicName)) })

    static let revoke = Operation.command(
        .delete, "/admin/rtsp-cameras/{id}/users/{userId}", "Take a user's access to an RTSP camera away as staff", allow: .staff,
        answer: done(), inputs: .init(.path("id", "Id of the camera."), .path("userId", "The user."), .caller),
        make: { RevokeAccess(camera: $0, user: $1, author: Name($2.publicName)) })

    static let start = Operation.command(
        .post, "/admin/rtsp-cameras/{id}/streams/start", "Start the stream of an RTSP camera as staff", allow: .staff, answer: done(),
        inputs: .init(.path("id", "Id of the camera."), .caller), make: StartStream.init(camera:caller:))

    static let stop = Operation.command(
        .post, "/admin/rtsp-cameras/{id}/streams/stop", "Stop the stream of an RTSP camera as staff", allow: .staff, answer: done(),
        inputs: .init(.path("id", "Id of the camera."), .caller), make: StopStream.init(camera:caller:))

    static let list = Operation.lookup(
        "/admin/rtsp-cameras", "List RTSP cameras, deleted ones too", allow: .staff,
        inputs: .init(
            .query("status", "Only those with this status."), .query("ownerId", "Only those of this user."),
            .query("orgId", "Only those of this tenant.")), make: StaffList.init(status:owner:org:))

    static let all = [register, list, delete, grant, revoke, start, stop]
}

/// The cameras of everybody.
struct StaffList: Lookup {
    let status: RtspCamera.Status?
    let owner: UserID?
    let org: OrgID?

    static let missing: String? = nil
    static let shape = Shape<[ShowRtspCamera.Reply]>(.list("cameras", of: ShowRtspCamera.common) { $0 }, .member("total") { $0.count })

    func find(_ request: Request, _ services: Services) async throws -> [ShowRtspCamera.Reply]? {
        var found: [ShowRtspCamera.Reply] = []
        for row in try await services.store.query(RtspCamerasView.all(owner: owner, org: org)) {
            let id: RtspCamera.ID = try row.read("camera_id")
            let snapshot = try await services.store.load(RtspCamera.self, id.text)
            guard status == nil || snapshot.state.status == status else { continue }
            found.append(ShowRtspCamera(camera: id).answer(snapshot, request, services))
        }
        return found
    }
}
