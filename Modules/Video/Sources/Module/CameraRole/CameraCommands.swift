import Application
import Kernel
import VideoContracts

/// Gives the users of a role permissions on a camera, in place of those that they had.
struct AssignCamera: ConcernsCameraRole {
    let role: CameraRole.ID
    let camera: RemoteCamera.ID
    let permissions: [Permission]

    static let effectAnswers = RemoteCall.answers

    /// The tenants of the cameras that are known by this id.
    typealias Facts = [OrgID]

    func facts(on _: Snapshot<CameraRole>, _: Request, _ services: Services) async throws -> [OrgID] {
        try await services.store.query(CamerasView.find(camera)).map { try $0.read("org_id") }
    }

    func decide(_ state: CameraRole, _ tenants: [OrgID], at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        guard state.status == .active else { throw .isDeleted }
        guard tenants.allSatisfy({ $0 == state.org }) else { throw .foreignCamera }
        let isKnown = state.cameras.contains { $0.camera == camera }
        guard isKnown || state.cameras.count < CameraRole.maxCameras else { throw .tooManyCameras }
        return [.cameraAssigned(CameraRole.Access(camera: camera, permissions: permissions), at: now)]
    }

    func effect(of _: [CameraRole.Event], on snapshot: Snapshot<CameraRole>, _: [OrgID], _: Request, _: Services) -> Effect {
        let remote = snapshot.state.remote.text, camera = camera.text, permissions = permissions.map(\.text)
        return .external(RemoteCall { try await $0.roles.addCamera(remote, camera, permissions) })
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/AssignCamera", "Let the users of a role see a camera", allow: .tenant,
        inputs: .init(
            .path("id", "Id of the role."), .body("cameraId", "Id of the camera in 3dEye, as text or as a number."),
            .body("permissions", "What they may do: View, Share and others of 3dEye."))
    ) { (role: CameraRole.ID, camera: RemoteCamera.ID, permissions: Permissions) in
        AssignCamera(role: role, camera: camera, permissions: permissions.all)
    }
}

/// At least one permission.
struct Permissions: WireValue {
    let all: [Permission]
    private static let most = 20
    static var schema: Schema { [Permission].schema.with("minItems", 1).with("maxItems", .int(Int64(most))) }
    var json: JSON { all.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Permissions? {
        guard let all = [Permission].read(raw, at: path, &reading) else { return nil }
        return (1...most).contains(all.count) ? Permissions(all: all) : reading.note(path, "must have 1 to \(most) items")
    }
}

/// Takes a camera out of a role.
struct RemoveCamera: ConcernsCameraRole {
    let role: CameraRole.ID
    let camera: RemoteCamera.ID

    static let effectAnswers = RemoteCall.answers

    func decide(_ state: CameraRole, _: NoFacts, at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        guard state.status == .active else { throw .isDeleted }
        guard state.cameras.contains(where: { $0.camera == camera }) else { throw .cameraIsNotAssigned }
        return [.cameraRemoved(camera, at: now)]
    }

    func effect(of _: [CameraRole.Event], on snapshot: Snapshot<CameraRole>, _: NoFacts, _: Request, _: Services) -> Effect {
        let remote = snapshot.state.remote.text, camera = camera.text
        return .external(RemoteCall(isDoneIfUnknown: { _ in true }) { try await $0.roles.removeCamera(remote, camera) })
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/RemoveCamera", "Take a camera out of a role", allow: .tenant,
        inputs: .init(.path("id", "Id of the role."), .body("cameraId", "Id of the camera in 3dEye, as text or as a number.")),
        make: RemoveCamera.init(role:camera:))
}
