import Application
import Kernel

/// Starts the stream of a camera.
struct StartStream: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let caller: Caller

    func decide(_ state: RtspCamera, _: NoFacts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        switch state.status {
        case .deleted: throw .isDeleted
        case .working: return []
        case .stopped: return [.streamStarted(by: caller.publicName, at: now)]
        }
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/StartStream", "Start the stream of an RTSP camera", allow: .manager,
        inputs: .init(.path("id", "Id of the camera."), .caller, .noFields), make: { StartStream(camera: $0, caller: $1, nothing: $2) })

    private init(camera: RtspCamera.ID, caller: Caller, nothing _: NothingElse) { (self.camera, self.caller) = (camera, caller) }
    init(camera: RtspCamera.ID, caller: Caller) { (self.camera, self.caller) = (camera, caller) }
}

/// Stops the stream of a camera; its worker is free.
struct StopStream: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let caller: Caller

    func decide(_ state: RtspCamera, _: NoFacts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        switch state.status {
        case .deleted: throw .isDeleted
        case .stopped: return []
        case .working: return [.streamStopped(by: caller.publicName, at: now)]
        }
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/StopStream", "Stop the stream of an RTSP camera", allow: .manager,
        inputs: .init(.path("id", "Id of the camera."), .caller, .noFields), make: { StopStream(camera: $0, caller: $1, nothing: $2) })

    private init(camera: RtspCamera.ID, caller: Caller, nothing _: NothingElse) { (self.camera, self.caller) = (camera, caller) }
    init(camera: RtspCamera.ID, caller: Caller) { (self.camera, self.caller) = (camera, caller) }
}

extension Field where Value == NothingElse {
    fileprivate static var noFields: Field { .noOther(than: [], "is not for this operation, whose body has no fields") }
}
