import Application
import Kernel

/// Takes what the control plane of video says of a placement. What is said twice, or of a placement that is not wanted any more, changes
/// nothing.
struct ApplyPlacementResult: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let named: RtspCamera.ID
    let version: PositiveInt
    let generation: Int
    let status: Outcome
    let worker: NonEmptyString?
    let error: Reason?
    let secret: NonEmptyString

    enum Outcome: String, CaseIterable, WireValue { case running, failed, released }

    struct Facts: Sendable {
        /// The version of the camera.
        let version: Int
    }

    func facts(on snapshot: Snapshot<RtspCamera>, _: Request, _: Services) -> Facts { Facts(version: snapshot.version) }

    func decide(_ state: RtspCamera, _ facts: Facts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard named == camera, version.number <= facts.version else { throw .otherResult }
        switch status {
        case .running:
            guard let worker else { throw .noWorker }
            guard isWanted(of: state), state.worker?.hasSameBytes(as: worker.text) != true else { return [] }
            return [.placed(worker: worker.text, generation: generation, version: version.number, at: now)]
        case .failed:
            guard let error else { throw .noError }
            guard isWanted(of: state), state.placementError?.hasSameBytes(as: error.text) != true else { return [] }
            return [.placementFailed(error.text, generation: generation, version: version.number, at: now)]
        case .released: return []
        }
    }

    private func isWanted(of state: RtspCamera) -> Bool { state.status == .working && generation == state.generation }

    private static let placement = Field<Int>.body("placementGeneration", "Which placement it is.").checked { number in
        number < 0 ? "must be at least 0" : nil
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/ApplyPlacementResult", "Take the result of a placement from the video control plane",
        allow: Rule(
            "the video control plane with its secret", by: .optional,
            confirms: { command, _, _, services in
                services.settings[VideoSettings.secret].map { Secret.areEqual($0, command.secret.text) } ?? false
            }, permits: { _, _, _ in true }),
        inputs: .init(
            .path("id", "Id of the camera."), .body("cameraId", "The same id."),
            .body("aggregateVersion", "The version of the camera that the placement is of."),
            placement,
            .body("status", "What has become of it."),
            .body("workerId", "The worker of a stream that runs."), .body("error", "Why there is none."),
            .body("internalSecret", "The secret of the control plane.")),
        make: ApplyPlacementResult.init(camera:named:version:generation:status:worker:error:secret:))
}
