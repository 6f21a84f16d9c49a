import Application
import Kernel

/// The tenant of a role, and super keys. Users are in roles; they do not manage them.
extension Rule where State == CameraRole {
    static var tenant: Rule {
        Rule("the tenant of the role, or a super key") { _, role, caller in
            switch caller {
            case .key(_, isSuper: true): true
            case .key(let tenant, isSuper: false): role.org == tenant
            case .user, .staff, .anonymous: false
            }
        }
    }
}

/// Why a role does not do what is asked of it.
enum CameraRoleRefusal: DomainError {
    case otherRole, isDeleted, isAssigned, isNotAssigned, noSuchUser, noAddress, foreignCamera, tooManyUsers, tooManyCameras
    case cameraIsNotAssigned

    var kind: RefusalKind { self == .foreignCamera ? .forbidden : .invalid }
    var message: String {
        switch self {
        case .otherRole: "The body's roleId must be the id in the path."
        case .isDeleted: "The role was deleted."
        case .isAssigned: "The user has this role."
        case .isNotAssigned: "The user does not have this role."
        case .noSuchUser: "There is no such user."
        case .noAddress: "The user has no e-mail address, which an account of 3dEye needs."
        case .foreignCamera: "The camera belongs to another tenant."
        case .tooManyUsers: "A role has at most \(CameraRole.maxMembers) users."
        case .tooManyCameras: "A role has at most \(CameraRole.maxCameras) cameras."
        case .cameraIsNotAssigned: "The role does not have this camera."
        }
    }
}

/// A command to a role.
protocol ConcernsCameraRole: Command where Target == CameraRole, Refusal == CameraRoleRefusal {
    var role: CameraRole.ID { get }
}

extension ConcernsCameraRole {
    var target: String { role.text }
}
