import Application
import IdentityContracts
import Kernel

/// Follows what becomes of users: the suspended see no camera through a role until the suspension ends, and of the erased nothing is left
/// in 3dEye.
struct FollowPeople {
    let services: Services

    static func reaction(_ services: Services) -> Reaction {
        let follow = FollowPeople(services: services)
        return Reaction(
            "video-follow-people", partitions: 4,
            .on(UserSuspended.self) { event, envelope in
                try follow.start(TakeRoles(user: event.user, tenant: event.tenant), after: envelope)
            },
            .on(UserReactivated.self) { event, envelope in
                try follow.start(GiveRolesBack(user: event.user), after: envelope)
            },
            .on(UserErased.self) { event, envelope in try follow.start(ForgetViewer(user: event.user), after: envelope) })
    }

    /// Starts a run that has the same id when the message comes again.
    private func start(_ workflow: some Workflow, after envelope: Envelope) throws -> Changes {
        let run = WorkflowID(UUIDText(digest: services.vault.sha256(Array("video \(envelope.id)".utf8))).text)
        return Changes(rows: [services.startWorkflow(try WorkflowStart(workflow, as: run, by: "identity", at: services.clock()))])
    }
}

/// Takes a suspended user out of the camera roles of a tenant, or of all, and notes which, for the end of the suspension.
struct TakeRoles: Workflow {
    static let name = "take-camera-roles-workflow", label = "Take a suspended person's camera roles"
    let user: UserID
    /// Nil for every tenant.
    let tenant: OrgID?

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let user = user, tenant = tenant
        let roles = try await steps.perform("find the roles") {
            try await CameraRole.all(of: user, services).filter { tenant == nil || $0.org == tenant }.compactMap(\.role)
        }
        for role in roles {
            let step = "role \(role)"
            _ = try await steps.perform(step) {
                // Noted first: what was taken and not noted would never come back.
                _ = try await services.store.run([Accounts.noteRecovery(of: user, role: role)])
                return try await role.remove(user, steps.request(step, by: .user(user, email: nil), services), services)
            }
        }
        return ["roles": roles.count.json]
    }
}

/// Gives a user the roles back that suspensions have taken, but for tenants at which another suspension stands.
struct GiveRolesBack: Workflow {
    static let name = "give-camera-roles-back-workflow", label = "Give a person's camera roles back"
    let user: UserID

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let user = user
        let roles = try await steps.perform("find the roles") {
            try await services.store.query(Accounts.recovery(of: user)).map { try $0.read("role_id", as: CameraRole.ID.self) }
        }
        for role in roles {
            let step = "role \(role)"
            _ = try await steps.perform(step) {
                let org = try await services.store.load(CameraRole.self, role.text).state.org
                let suspensions = try await services.store.query(services.directory.suspensions(user)).map {
                    try $0.read("org_id", as: String.self)
                }
                guard !suspensions.contains(where: { $0.isEmpty || OrgID($0) == org }) else { return "another suspension stands" }
                let outcome = try await role.add(user, steps.request(step, by: .user(user, email: nil), services), services)
                _ = try await services.store.run([Accounts.forgetRecovery(of: user, role: role)])
                return outcome
            }
        }
        return ["roles": roles.count.json]
    }
}

/// Takes an erased user out of all roles and from all RTSP cameras, and deletes the account.
struct ForgetViewer: Workflow {
    static let name = "forget-viewer-workflow", label = "Take an erased person from the cameras"
    let user: UserID

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let user = user
        let roles = try await steps.perform("find the roles") { try await CameraRole.all(of: user, services).compactMap(\.role) }
        for role in roles {
            let step = "role \(role)"
            _ = try await steps.perform(step) {
                try await role.remove(user, steps.request(step, by: .user(user, email: nil), services), services)
            }
        }
        let cameras = try await steps.perform("find the cameras") {
            try await services.store.query(RtspCamerasView.granted(to: user)).map { try $0.read("camera_id", as: RtspCamera.ID.self) }
        }
        for camera in cameras {
            let step = "camera \(camera)"
            _ = try await steps.perform(step) {
                try await withoutRefusals {
                    _ = try await services.execute(
                        RevokeAccess(camera: camera, user: user, author: nil),
                        for: steps.request(step, by: .user(user, email: nil), services))
                }
            }
        }
        _ = try await steps.perform("account") { try await Accounts.delete(user, services) }
        return ["roles": roles.count.json, "cameras": cameras.count.json]
    }
}

extension CameraRole.ID {
    fileprivate func remove(_ user: UserID, _ request: Request, _ services: Services) async throws -> String {
        try await withoutRefusals { _ = try await services.execute(RemoveUser(role: self, user: UUIDText(user.text)), for: request) }
    }

    fileprivate func add(_ user: UserID, _ request: Request, _ services: Services) async throws -> String {
        try await withoutRefusals { _ = try await services.execute(AssignUser(role: self, user: UUIDText(user.text)), for: request) }
    }
}

/// What is refused is done already, or no longer wanted: it ends the step, not the run.
private func withoutRefusals(_ body: () async throws -> Void) async throws -> String {
    do { try await body() } catch RequestError.refused(_, _, let message) { return message }
    return "done"
}
