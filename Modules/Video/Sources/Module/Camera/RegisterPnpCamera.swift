import Application
import Kernel
import VideoContracts

/// Registers a camera that connects to 3dEye by itself: the same command, with a code in place of addresses.
enum RegisterPnpCamera {
    static let operation = Operation.command(
        .post, "/cameras/{id}/RegisterPnpCamera", "Register a camera with 3dEye by its code", allow: RegisterCamera.rule,
        inputs: .init(
            .path("id", "Id of the camera, a UUID."), .body("cameraId", "The same id."), .body("name", "What people call it."),
            .body("registrationCode", "The code on the camera."), .body("orgId", "The tenant."),
            .body("ownerId", "The user who owns it."), .body("login", "Logs in to it."), .body("password", "Logs in to it."))
    ) {
        (
            camera: Camera.ID, named: UUIDText, name: NonEmptyString, code: NonEmptyString, org: OrgID, owner: UUIDText, login: LoginText,
            password: LoginText
        ) in
        RegisterCamera(
            camera: camera, named: named, name: name, kind: .pnp, source: .registrationCode(code.text), org: org, owner: owner,
            login: login, password: password)
    }
}
