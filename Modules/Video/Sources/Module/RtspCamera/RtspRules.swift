import Application
import Kernel

/// Rule R: the tenant of a camera, its owner and its managers manage it; its viewers see it. Super keys may do both.
extension Rule where State == RtspCamera {
    static var manager: Rule {
        Rule("the tenant of the camera, its owner, a user with the role manager, or a super key") { _, camera, caller in
            camera.isManaged(by: caller)
        }
    }

    static var viewer: Rule {
        Rule("the tenant of the camera, its owner, a user who may see it, or a super key") { _, camera, caller in
            camera.isManaged(by: caller) || caller.user.map { user in camera.grants.contains { $0.user == user } } ?? false
        }
    }
}

extension RtspCamera {
    func isManaged(by caller: Caller) -> Bool {
        switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): org == tenant
        case .user(let user, _): owner == user || grants.contains { $0.user == user && $0.role == .manager }
        case .staff, .anonymous: false
        }
    }
}

/// Why a camera does not do what is asked of it.
enum RtspRefusal: DomainError {
    case otherCamera, isRegistered, sourceInUse, nothingToChange, isDeleted, isOwner, noGrant, tooManyGrants, otherResult, noWorker, noError

    var kind: RefusalKind {
        switch self {
        case .otherCamera: .invalid
        case .isRegistered, .sourceInUse: .conflict
        case .nothingToChange, .isDeleted, .isOwner, .noGrant, .tooManyGrants, .otherResult, .noWorker, .noError: .unprocessable
        }
    }
    var message: String {
        switch self {
        case .otherCamera: "The body's cameraId must be the id in the path."
        case .isRegistered: "The camera is registered already."
        case .sourceInUse: "Another camera has this address."
        case .nothingToChange: "Something must change: name, rtspUrl, username, password or httpSnapshotUrl."
        case .isDeleted: "The camera was deleted."
        case .isOwner: "The owner of the camera needs no grant."
        case .noGrant: "The user has no grant."
        case .tooManyGrants: "A camera has at most \(GrantAccess.limit) grants."
        case .otherResult: "The result is of another camera, or of a version that the camera does not have."
        case .noWorker: "A stream that runs has a workerId."
        case .noError: "A placement that failed has an error."
        }
    }
}

/// A command to a camera that exists.
protocol ConcernsRtspCamera: Command where Target == RtspCamera, Refusal == RtspRefusal {
    var camera: RtspCamera.ID { get }
}

extension ConcernsRtspCamera {
    var target: String { camera.text }
    static func refusal(claimed kind: String) -> RtspRefusal? { kind == RtspCamera.sourceClaim ? .sourceInUse : nil }
}
