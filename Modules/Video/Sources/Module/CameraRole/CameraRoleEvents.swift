import Kernel

extension CameraRole {
    static let events = EventRegistry(CameraRoleEvents())
    static let views = [CameraRolesView.view]
}

/// The events of a camera role.
struct CameraRoleEvents: EventForms {
    let created = EventForm<CameraRole>(
        "CameraRoleCreated", "A camera role was made in 3dEye.",
        members: .init(
            .member("roleId"), .member("threeDeyeRoleId"), .member("name"), .member("description"), .member("orgId"),
            .milliseconds("createdAt")),
        make: { role, remote, name, description, org, at in
            .created(CameraRole.Definition(role: role, remote: remote, name: name, description: description, org: org), at: at)
        },
        take: { event in
            guard case .created(let it, let at) = event else { return nil }
            return (it.role, it.remote, it.name, it.description, it.org, at)
        })

    let deleted = EventForm<CameraRole>(
        "CameraRoleDeleted", "A camera role was deleted; its users see nothing through it.", derived: identity,
        members: .init(.milliseconds("deletedAt")), make: { .deleted(at: $0) },
        take: { if case .deleted(let at) = $0 { at } else { nil } })

    let userAssigned = EventForm<CameraRole>(
        "CameraRoleUserAssigned", "A user sees the cameras of a role.", derived: identity,
        members: .init(.member("userId"), .member("threeDeyeUserId"), .milliseconds("assignedAt")),
        make: { .userAssigned(CameraRole.Member(user: $0, account: $1), at: $2) },
        take: { if case .userAssigned(let it, let at) = $0 { (it.user, it.account, at) } else { nil } })

    let userRemoved = EventForm<CameraRole>(
        "CameraRoleUserRemoved", "A user no longer sees the cameras of a role.", derived: identity,
        members: .init(.member("userId"), .member("threeDeyeUserId"), .milliseconds("removedAt")),
        make: { .userRemoved(CameraRole.Member(user: $0, account: $1), at: $2) },
        take: { if case .userRemoved(let it, let at) = $0 { (it.user, it.account, at) } else { nil } })

    let cameraAssigned = EventForm<CameraRole>(
        "CameraRoleCameraAssigned", "The users of a role may do something with a camera.", derived: identity,
        members: .init(.member("cameraId"), .member("permissions"), .milliseconds("assignedAt")),
        make: { .cameraAssigned(CameraRole.Access(camera: $0, permissions: $1), at: $2) },
        take: { if case .cameraAssigned(let it, let at) = $0 { (it.camera, it.permissions, at) } else { nil } })

    let cameraRemoved = EventForm<CameraRole>(
        "CameraRoleCameraRemoved", "A camera is no longer in a role.", derived: identity,
        members: .init(.member("cameraId"), .milliseconds("removedAt")), make: { .cameraRemoved($0, at: $1) },
        take: { if case .cameraRemoved(let camera, let at) = $0 { (camera, at) } else { nil } })

    private static let identity = [DerivedMember<CameraRole>.always("roleId") { $0.role }]

    func form(of event: CameraRole.Event) -> EventForm<CameraRole> {
        switch event {
        case .created: created
        case .deleted: deleted
        case .userAssigned: userAssigned
        case .userRemoved: userRemoved
        case .cameraAssigned: cameraAssigned
        case .cameraRemoved: cameraRemoved
        }
    }
}
