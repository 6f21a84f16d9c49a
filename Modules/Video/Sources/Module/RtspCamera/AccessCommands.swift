import Application
import Kernel

/// Lets a user see a camera, or manage it.
struct GrantAccess: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let user: UserID
    let role: RtspCamera.Role
    let author: Name?

    static let limit = 1_000

    func decide(_ state: RtspCamera, _: NoFacts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        guard user != state.owner else { throw .isOwner }
        let known = state.grants.first { $0.user == user }
        guard known?.role != role else { return [] }
        guard known != nil || state.grants.count < Self.limit else { throw .tooManyGrants }
        return [.accessGranted(user, role, by: author?.text, at: now)]
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/GrantAccess", "Let a user see or manage an RTSP camera", allow: .manager,
        inputs: .init(
            .path("id", "Id of the camera."), .body("userId", "The user."), .body("role", "What the user may do."),
            .body("grantedBy", "Who grants it.")), make: GrantAccess.init(camera:user:role:author:))
}

/// Takes from a user what was granted.
struct RevokeAccess: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let user: UserID
    let author: Name?

    func decide(_ state: RtspCamera, _: NoFacts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        guard state.grants.contains(where: { $0.user == user }) else { throw .noGrant }
        return [.accessRevoked(user, by: author?.text, at: now)]
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/RevokeAccess", "Take a user's access to an RTSP camera away", allow: .manager,
        inputs: .init(.path("id", "Id of the camera."), .body("userId", "The user."), .body("revokedBy", "Who takes it away.")),
        make: RevokeAccess.init(camera:user:author:))
}
