import Application
import Kernel
import VideoContracts

/// Makes a role, in 3dEye first.
struct CreateCameraRole: ConcernsCameraRole {
    let role: CameraRole.ID
    let named: UUIDText
    let name: NonEmptyString
    let description: Reason
    let org: OrgID

    static let createsAggregate = true
    static let effectAnswers = RemoteCall.answers

    func decide(_ state: CameraRole, _: NoFacts, at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        guard CameraRole.ID(named.text) == role else { throw .otherRole }
        guard state.role == nil else { return [] }
        return [.created(CameraRole.Definition(role: role, name: name.text, description: description.text, org: org), at: now)]
    }

    func effect(of events: [CameraRole.Event], on _: Snapshot<CameraRole>, _: NoFacts, _: Request, _: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        let mark = RemoteMark.role(role)
        return .external(
            RemoteMaking(
                mark: mark, find: { $0.roles.find }, make: { [self] in try await $0.roles.create(name.text, description.text, mark) }))
    }

    func completed(_ events: [CameraRole.Event], remoteID: String) -> [CameraRole.Event] {
        events.map { event in
            guard case .created(var it, let at) = event else { return event }
            it.remote = CameraRole.RemoteRole(remoteID)
            return .created(it, at: at)
        }
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/CreateCameraRole", "Make a role through which users see cameras",
        allow: Rule("an API key for its own tenant, or a super key for any") { command, role, caller in
            guard case .key(let tenant, let isSuper) = caller else { return false }
            return isSuper || tenant == (role.org ?? command.org)
        },
        inputs: .init(
            .path("id", "Id of the role, a UUID."), .body("roleId", "The same id."), .body("name", "What people call it."),
            .body("description", "What it is for."), .body("orgId", "The tenant.")),
        make: CreateCameraRole.init(role:named:name:description:org:))
}
