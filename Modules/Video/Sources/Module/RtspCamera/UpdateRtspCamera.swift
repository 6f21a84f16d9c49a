import Application
import Kernel

/// Changes the name, the source or the snapshot address of a camera. A new source is a new stream, which is placed anew.
struct UpdateRtspCamera: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let name: NonEmptyString?
    let url: RtspURL?
    let username: Secret.Text?
    let password: Secret.Text?
    let snapshotURL: HTTPAddress?

    struct Facts: Sendable {
        /// The source after the change; nil when it stays as it is.
        let source: RtspSource?
        let identity: SourceIdentity?
    }

    func facts(on snapshot: Snapshot<RtspCamera>, _: Request, _ services: Services) async throws -> Facts {
        guard url != nil || username != nil || password != nil else { return Facts(source: nil, identity: nil) }
        let before = try await RtspSources.find(camera, services), after = Self.source(after: before, self)
        guard let after, after != before else { return Facts(source: nil, identity: nil) }
        return Facts(source: after, identity: after.identity(of: camera, services.vault))
    }

    /// Credentials are kept for the machine that they are of; another one must not get them.
    static func source(after before: RtspSource?, _ update: UpdateRtspCamera) -> RtspSource? {
        guard let url = update.url else { return before?.with(username: update.username?.text, password: update.password?.text) }
        let new = RtspSource(url, username: update.username?.text, password: update.password?.text)
        guard let before, new.isBeside(before) else { return new }
        return new.with(username: new.username ?? before.username, password: new.password ?? before.password)
    }

    func decide(_ state: RtspCamera, _ facts: Facts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        guard name != nil || url != nil || username != nil || password != nil || snapshotURL != nil else { throw .nothingToChange }
        let change = RtspCamera.Change(
            name: name.flatMap { $0.text.hasSameBytes(as: state.name) ? nil : $0.text }, source: facts.identity,
            snapshotURL: snapshotURL.flatMap { state.snapshotURL?.hasSameBytes(as: $0.text) == true ? nil : $0.text },
            isPlacedAnew: facts.identity != nil && state.mode == .async)
        return change == RtspCamera.Change() ? [] : [.updated(change, at: now)]
    }

    func effect(of events: [RtspCamera.Event], on _: Snapshot<RtspCamera>, _ facts: Facts, _: Request, _ services: Services) throws
        -> Effect
    {
        guard let source = facts.source else { return .none }
        return .local(Changes(rows: [try RtspSources.put(source, of: camera, services.vault)]))
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/UpdateRtspCamera", "Change an RTSP camera", allow: .manager,
        inputs: .init(
            .path("id", "Id of the camera."), .body("name", "What people call it."), .body("rtspUrl", "Where its stream is."),
            .body("username", "Opens the stream."), .body("password", "Opens the stream."),
            .body("httpSnapshotUrl", "Where it gives single pictures.")),
        make: UpdateRtspCamera.init(camera:name:url:username:password:snapshotURL:))
}
