import Kernel

extension Camera {
    static let events = EventRegistry(CameraEvents())
    static let views = [CamerasView.view]
}

/// The events of a camera. What logs in to it is in none of them.
struct CameraEvents: EventForms {
    let registered = EventForm<Camera>(
        "CameraRegistered", "A camera was registered with 3dEye.",
        members: .init(
            .member("cameraId"), .member("threeDeyeCameraId"), .member("cameraType"), .member("name"), .member("orgId"),
            .member("ownerId"), .member("httpUrl"), .member("rtspUrl"), .member("registrationCode"), .milliseconds("registeredAt")),
        make: {
            (
                camera: Camera.ID, remote: RemoteCamera.ID, kind: Camera.Kind, name: String, org: OrgID, owner: UserID, http: String,
                rtsp: String, code: String?, at: Timestamp
            ) in
            .registered(
                Camera.Registration(
                    camera: camera, remote: remote, kind: kind, name: name, org: org, owner: owner, httpURL: http, rtspURL: rtsp,
                    code: code), at: at)
        },
        take: { event in
            guard case .registered(let it, let at) = event else { return nil }
            return (it.camera, it.remote, it.kind, it.name, it.org, it.owner, it.httpURL, it.rtspURL, it.code, at)
        })

    let updated = EventForm<Camera>(
        "CameraUpdated", "The name or the addresses of a camera changed.", derived: identity,
        members: .init(.member("name"), .member("httpUrl"), .member("rtspUrl"), .milliseconds("updatedAt")),
        make: { .updated(Camera.Change(name: $0, httpURL: $1, rtspURL: $2), at: $3) },
        take: { if case .updated(let it, let at) = $0 { (it.name, it.httpURL, it.rtspURL, at) } else { nil } })

    let disabled = EventForm<Camera>(
        "CameraDisabled", "A camera was taken out of use.", derived: identity,
        members: .init(.member("reason"), .member("disabledBy"), .milliseconds("disabledAt")),
        make: { .disabled($0, by: $1, at: $2) },
        take: { if case .disabled(let reason, let user, let at) = $0 { (reason, user, at) } else { nil } })

    let deleted = EventForm<Camera>(
        "CameraDeleted", "A camera was deleted, in 3dEye too.", derived: identity,
        members: .init(.member("deletedBy"), .milliseconds("deletedAt")), make: { .deleted(by: $0, at: $1) },
        take: { if case .deleted(let user, let at) = $0 { (user, at) } else { nil } })

    let linked = EventForm<Camera>(
        "CameraLinkedToLock", "Number plates that a camera reads open a lock.", derived: identity, members: .init(.member("lockId")),
        make: { .linked($0) }, take: { if case .linked(let lock) = $0 { lock } else { nil } })

    let unlinked = EventForm<Camera>(
        "CameraUnlinkedFromLock", "Number plates that a camera reads no longer open anything.", derived: identity, members: .init(),
        make: { .unlinked }, take: { $0 == .unlinked ? () : nil })

    private static let identity = [DerivedMember<Camera>.always("cameraId") { $0.camera }]

    func form(of event: Camera.Event) -> EventForm<Camera> {
        switch event {
        case .registered: registered
        case .updated: updated
        case .disabled: disabled
        case .deleted: deleted
        case .linked: linked
        case .unlinked: unlinked
        }
    }
}
