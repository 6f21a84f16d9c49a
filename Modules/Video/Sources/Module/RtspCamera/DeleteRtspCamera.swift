import Application
import Kernel

/// Deletes a camera: its stream ends, its source is forgotten and free for another. It can still be read.
struct DeleteRtspCamera: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let author: Name?

    func decide(_ state: RtspCamera, _: NoFacts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        return [.deleted(by: author?.text, at: now)]
    }

    func effect(of _: [RtspCamera.Event], on _: Snapshot<RtspCamera>, _: NoFacts, _: Request, _: Services) -> Effect {
        .local(Changes(rows: [RtspSources.remove(camera)]))
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/DeleteRtspCamera", "Delete an RTSP camera", allow: .manager,
        inputs: .init(.path("id", "Id of the camera."), .body("deletedBy", "Who deletes it.")), make: DeleteRtspCamera.init(camera:author:))
}
