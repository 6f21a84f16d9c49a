import Application
import Kernel

/// Takes a camera out of use: it shows no stream and opens nothing. 3dEye is not told, and there is no way back.
struct DisableCamera: ConcernsCamera {
    let camera: Camera.ID
    let reason: Reason
    let user: UUIDText

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        switch state.status {
        case .deleted: throw .isDeleted
        case .disabled: throw .isDisabled
        case .active: return [.disabled(reason, by: UserID(user.text), at: now)]
        }
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/DisableCamera", "Take a camera out of use", allow: .keeper,
        inputs: .init(.path("id", "Id of the camera."), .body("reason", "Why."), .body("disabledBy", "The user who does it.")),
        make: DisableCamera.init(camera:reason:user:))
}
