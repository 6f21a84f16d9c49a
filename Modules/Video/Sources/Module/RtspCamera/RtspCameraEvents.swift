import Kernel

extension RtspCamera {
    static let events = EventRegistry(RtspCameraEvents())
    static let views = [RtspCamerasView.view]
}

/// The events of an RTSP camera. The address and the credentials of its source are in none of them, though their schemas have a place
/// for it.
struct RtspCameraEvents: EventForms {
    let registered = EventForm<RtspCamera>(
        "RtspCameraRegistered", "An RTSP camera was registered.",
        members: .init(
            .member("cameraId"), .member("name"), .member("rtspUrl"), .member("rtspHash"), .member("streamId"), .member("username"),
            .member("password"), .member("httpSnapshotUrl"), .member("ownerId"), .member("orgId"), .member("placementMode"),
            .member("createdAt")),
        make: {
            (
                camera: RtspCamera.ID, name: String, _: String?, hash: String, stream: String, _: String?, _: String?, snapshot: String?,
                owner: UserID?, org: OrgID?, mode: RtspCamera.PlacementMode?, at: Timestamp
            ) in
            .registered(
                RtspCamera.Registration(
                    camera: camera, name: name, source: SourceIdentity(hash: hash, stream: stream), snapshotURL: snapshot, owner: owner,
                    org: org, mode: mode), at: at)
        },
        take: { event in
            guard case .registered(let it, let at) = event else { return nil }
            return (it.camera, it.name, nil, it.source.hash, it.source.stream, nil, nil, it.snapshotURL, it.owner, it.org, it.mode, at)
        })

    let updated = EventForm<RtspCamera>(
        "RtspCameraUpdated", "The name, the source or the snapshot address of an RTSP camera changed.", derived: identity,
        members: .init(
            .member("name"), .member("rtspUrl"), .member("rtspHash"), .member("streamId"), .member("username"), .member("password"),
            .member("httpSnapshotUrl"), .member("sourceChanged"), .member("updatedAt")),
        make: {
            (
                name: String?, _: String?, hash: String?, stream: String?, _: String?, _: String?, snapshot: String?, isPlacedAnew: Yes?,
                at: Timestamp
            ) in
            let source = hash.flatMap { hash in stream.map { SourceIdentity(hash: hash, stream: $0) } }
            return .updated(
                RtspCamera.Change(name: name, source: source, snapshotURL: snapshot, isPlacedAnew: isPlacedAnew != nil), at: at)
        },
        take: { event in
            guard case .updated(let it, let at) = event else { return nil }
            return (it.name, nil, it.source?.hash, it.source?.stream, nil, nil, it.snapshotURL, it.isPlacedAnew ? Yes() : nil, at)
        })

    let deleted = EventForm<RtspCamera>(
        "RtspCameraDeleted", "An RTSP camera was deleted.", derived: identity,
        members: .init(.member("deletedBy"), .member("deletedAt")), make: { .deleted(by: $0, at: $1) },
        take: { if case .deleted(let author, let at) = $0 { (author, at) } else { nil } })

    let accessGranted = EventForm<RtspCamera>(
        "RtspCameraAccessGranted", "A user may see a camera, or manage it.", derived: identity,
        members: .init(.member("userId"), .member("role"), .member("grantedBy"), .member("grantedAt")),
        make: { .accessGranted($0, $1, by: $2, at: $3) },
        take: { if case .accessGranted(let user, let role, let author, let at) = $0 { (user, role, author, at) } else { nil } })

    let accessRevoked = EventForm<RtspCamera>(
        "RtspCameraAccessRevoked", "A user may no longer see a camera.", derived: identity,
        members: .init(.member("userId"), .member("revokedBy"), .member("revokedAt")), make: { .accessRevoked($0, by: $1, at: $2) },
        take: { if case .accessRevoked(let user, let author, let at) = $0 { (user, author, at) } else { nil } })

    let streamStarted = EventForm<RtspCamera>(
        "RtspCameraStreamStarted", "The stream of a camera was started.", derived: identity,
        members: .init(.member("startedBy"), .member("startedAt")), make: { .streamStarted(by: $0, at: $1) },
        take: { if case .streamStarted(let author, let at) = $0 { (author, at) } else { nil } })

    let streamStopped = EventForm<RtspCamera>(
        "RtspCameraStreamStopped", "The stream of a camera was stopped.", derived: identity,
        members: .init(.member("stoppedBy"), .member("stoppedAt")), make: { .streamStopped(by: $0, at: $1) },
        take: { if case .streamStopped(let author, let at) = $0 { (author, at) } else { nil } })

    let placed = EventForm<RtspCamera>(
        "RtspCameraPlaced", "A worker streams a camera.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("workerId"), .member("placementGeneration"), .member("sourceEventVersion"), .member("placedAt")),
        make: { .placed(worker: $0, generation: $1, version: $2, at: $3) },
        take: { event in
            guard case .placed(let worker, let generation, let version, let at) = event else { return nil }
            return (worker, generation, version, at)
        })

    let placementFailed = EventForm<RtspCamera>(
        "RtspCameraPlacementFailed", "No worker could stream a camera.", audience: .catalogueOnly, derived: identity,
        members: .init(.member("placementGeneration"), .member("sourceEventVersion"), .member("error"), .member("failedAt")),
        make: { .placementFailed($2, generation: $0, version: $1, at: $3) },
        take: { event in
            guard case .placementFailed(let error, let generation, let version, let at) = event else { return nil }
            return (generation, version, error, at)
        })

    private static let identity = [DerivedMember<RtspCamera>.always("cameraId") { $0.camera }]

    func form(of event: RtspCamera.Event) -> EventForm<RtspCamera> {
        switch event {
        case .registered: registered
        case .updated: updated
        case .deleted: deleted
        case .accessGranted: accessGranted
        case .accessRevoked: accessRevoked
        case .streamStarted: streamStarted
        case .streamStopped: streamStopped
        case .placed: placed
        case .placementFailed: placementFailed
        }
    }
}

/// A member that is true where it is there.
struct Yes: WireValue {
    static var schema: Schema { Schema.boolean.with("const", true) }
    var json: JSON { true }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Yes? {
        raw == true ? Yes() : reading.note(path, "must be true")
    }
}
