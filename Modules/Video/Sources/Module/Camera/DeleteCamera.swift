import Application
import Kernel
import VideoContracts

/// Deletes a camera, in 3dEye first. It can still be read.
struct DeleteCamera: ConcernsCamera {
    let camera: Camera.ID
    let user: UUIDText

    static let effectAnswers = RemoteCall.answers

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        return [.deleted(by: UserID(user.text), at: now)]
    }

    func effect(of _: [Camera.Event], on snapshot: Snapshot<Camera>, _: NoFacts, _: Request, _: Services) -> Effect {
        let remote = snapshot.state.remote.text, mark = RemoteMark.camera(camera)
        return .external(RemoteCall(isDoneIfUnknown: { try await $0.cameras.find(mark) == nil }) { try await $0.cameras.delete(remote) })
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/DeleteCamera", "Delete a camera", allow: .keeper,
        inputs: .init(.path("id", "Id of the camera."), .body("deletedBy", "The user who deletes it.")),
        make: DeleteCamera.init(camera:user:))
}
