import Application
import Kernel

/// Rule C: the tenant of a camera and its owner; super keys.
extension Rule where State == Camera {
    static var keeper: Rule {
        Rule("the tenant of the camera, its owner, or a super key") { _, camera, caller in camera.isKept(by: caller) }
    }
}

extension Camera {
    func isKept(by caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): org == tenant
        case .user(let user, _): owner == user
        case .staff, .anonymous: false
        }
    }
}

/// Why a camera does not do what is asked of it.
enum CameraRefusal: DomainError {
    case otherCamera, nothingToChange, isDeleted, isDisabled, isNotLinked

    var kind: RefusalKind { .invalid }
    var message: String {
        switch self {
        case .otherCamera: "The body's cameraId must be the id in the path."
        case .nothingToChange: "Something must change: name, httpUrl or rtspUrl."
        case .isDeleted: "The camera was deleted."
        case .isDisabled: "The camera is disabled already."
        case .isNotLinked: "The camera is linked to no lock."
        }
    }
}

/// A command to a camera.
protocol ConcernsCamera: Command where Target == Camera, Refusal == CameraRefusal {
    var camera: Camera.ID { get }
}

extension ConcernsCamera {
    var target: String { camera.text }
}
