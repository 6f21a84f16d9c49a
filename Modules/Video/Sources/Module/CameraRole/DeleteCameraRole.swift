import Application
import Kernel
import VideoContracts

/// Deletes a role, in 3dEye first.
struct DeleteCameraRole: ConcernsCameraRole {
    let role: CameraRole.ID
    /// Who deletes it; the contract asks for it and its event leaves it out.
    let user: UUIDText

    static let effectAnswers = RemoteCall.answers

    func decide(_ state: CameraRole, _: NoFacts, at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        guard state.status == .active else { throw .isDeleted }
        return [.deleted(at: now)]
    }

    func effect(of _: [CameraRole.Event], on snapshot: Snapshot<CameraRole>, _: NoFacts, _: Request, _: Services) -> Effect {
        let remote = snapshot.state.remote.text, mark = RemoteMark.role(role)
        return .external(RemoteCall(isDoneIfUnknown: { try await $0.roles.find(mark) == nil }) { try await $0.roles.delete(remote) })
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/DeleteCameraRole", "Delete a camera role", allow: .tenant,
        inputs: .init(.path("id", "Id of the role."), .body("deletedBy", "The user who deletes it.")),
        make: DeleteCameraRole.init(role:user:))
}
