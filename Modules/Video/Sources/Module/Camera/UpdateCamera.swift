import Application
import Kernel
import VideoContracts

/// Changes the name or the addresses of a camera, in 3dEye first.
struct UpdateCamera: ConcernsCamera {
    let camera: Camera.ID
    let name: NonEmptyString?
    let httpURL: HTTPAddress?
    let rtspURL: RtspURL?

    static let effectAnswers = RemoteCall.answers

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        guard name != nil || httpURL != nil || rtspURL != nil else { throw .nothingToChange }
        let change = Camera.Change(
            name: Self.new(name?.text, after: state.name), httpURL: Self.new(httpURL?.text, after: state.httpURL),
            rtspURL: Self.new(rtspURL?.split.address, after: state.rtspURL))
        return change == Camera.Change() ? [] : [.updated(change, at: now)]
    }

    private static func new(_ given: String?, after known: String) -> String? {
        given.flatMap { $0.hasSameBytes(as: known) ? nil : $0 }
    }

    func effect(of events: [Camera.Event], on snapshot: Snapshot<Camera>, _: NoFacts, _: Request, _: Services) -> Effect {
        guard case .updated(let change, _)? = events.first else { return .none }
        let remote = snapshot.state.remote.text
        return .external(RemoteCall { try await $0.cameras.update(remote, change.name, change.httpURL, change.rtspURL) })
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/UpdateCamera", "Change a camera", allow: .keeper,
        inputs: .init(
            .path("id", "Id of the camera."), .body("name", "What people call it."), .body("httpUrl", "Where its pages are."),
            .body("rtspUrl", "Where its stream is.")), make: UpdateCamera.init(camera:name:httpURL:rtspURL:))
}
