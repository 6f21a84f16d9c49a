import Application
import IdentityContracts
import Kernel
import VideoContracts

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
            try await steps.performIn3dEye(step, services) {
                // The suspension may be over by the time 3dEye answers again.
                guard try await role.isBarred(to: user, services) else { return "no suspension stands" }
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
            try await steps.performIn3dEye(step, services) {
                guard try await !role.isBarred(to: user, services) else { return "another suspension stands" }
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
            try await steps.performIn3dEye(step, services) {
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
        try await steps.performIn3dEye("account", services) {
            try await Accounts.delete(user, services) ? "deleted" : "there was none"
        }
        return ["roles": roles.count.json, "cameras": cameras.count.json]
    }
}

extension Steps {
    /// Performs a step that needs 3dEye, and waits without end for its return: who may see nothing must not go on seeing.
    fileprivate func performIn3dEye(_ name: String, _ services: Services, _ body: @escaping @Sendable () async throws -> String)
        async throws
    {
        while true {
            do {
                _ = try await perform(name, body)
                return
            } catch RequestError.upstreamFailed, RequestError.unavailable, RequestError.notConfigured, is ThreeDEye.Failure {
                try await sleep(until: services.clock() + .seconds(5))
            }
        }
    }
}

extension CameraRole.ID {
    /// Whether a user is suspended at the doors of the role's tenant, or everywhere.
    fileprivate func isBarred(to user: UserID, _ services: Services) async throws -> Bool {
        let org = try await services.store.load(CameraRole.self, text).state.org
        return try await services.store.query(services.directory.suspensions(user)).contains { row in
            let tenant: String = try row.read("org_id")
            return tenant.isEmpty || OrgID(tenant) == org
        }
    }

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
