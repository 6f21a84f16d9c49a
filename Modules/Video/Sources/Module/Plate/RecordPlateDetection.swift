import Application
import Kernel

/// Takes a plate that a camera of the tenant has read; it may open the gate that the camera is linked to.
struct RecordPlateDetection: Relay {
    let detection: TakeDetection.Detection
    let camera: Camera.ID

    private static let shape = Shape<TakeDetection.Reply>(
        .constant("success", true), .member("id") { $0.id }, .member("cameraId") { $0.camera }, .member("actionTaken") { $0.outcome },
        .member("matched") { $0.user != nil }, .member("matchedUserId") { Nullable($0.user) }, .member("actionId") { $0.action })

    func question(from caller: Caller) throws -> TakeDetection {
        guard case .key(let org, let isSuper) = caller else { throw Self.rule.violated }
        return TakeDetection(camera: camera, detection: detection, org: isSuper ? nil : org)
    }

    func response(to reply: TakeDetection.Reply) -> Response { .json(200, Self.shape.json(reply)) }

    private static let rule = Rule<RecordPlateDetection, NoSubject>("the tenant of the camera, or a super key", by: .apiKey) {
        _, _, caller in
        if case .key = caller { true } else { false }
    }

    static let operation = Operation.relay(
        .post, "/cameras/{id}/plate-detections", "Take a number plate that a camera has read", allow: rule,
        answers: [
            ResponseSpec(200, "What came of it; the same for the same id.", shape.schema),
            ResponseSpec(403, "The camera is another tenant's."), ResponseSpec(404, "There is no such camera."),
        ],
        inputs: .init(
            .path("id", "Id of the camera."), .body("id", "The detection's own id at its source; a repeat changes nothing."),
            .body("plate", "The plate as the camera has read it."),
            .body("confidence", "How sure the camera is, from 0 to 1 or in per cent."),
            .body("timestamp", "When the camera saw it; now when absent. After five seconds nothing opens."),
            .body("direction", "How the car moves, if the camera says it."))
    ) {
        (
            camera: Camera.ID, id: NonEmptyString, plate: SeenPlate, confidence: Share, seenAt: Timestamp?, direction: GateRule.Direction?
        ) in
        RecordPlateDetection(
            detection: TakeDetection.Detection(
                id: id.text, plate: plate.text, confidence: confidence.number, seenAt: seenAt, direction: direction), camera: camera)
    }
}
