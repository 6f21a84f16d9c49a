import Application
import Kernel

/// Registers an RTSP camera. Its source is stored encrypted, and is in no event.
struct RegisterRtspCamera: ConcernsRtspCamera {
    let camera: RtspCamera.ID
    let named: RtspCamera.ID
    let name: NonEmptyString
    let source: RtspSource
    let snapshotURL: HTTPAddress?
    let owner: UserID?
    let org: OrgID?
    /// Users who may see it at once.
    let viewers: [UserID]

    struct Facts: Sendable {
        let source: SourceIdentity
        let mode: RtspCamera.PlacementMode?
    }

    static let createsAggregate = true

    init(
        _ camera: RtspCamera.ID, named: RtspCamera.ID, name: NonEmptyString, source: RtspSource, snapshotURL: HTTPAddress?, owner: UserID?,
        org: OrgID?, viewers: [UserID]
    ) {
        self.camera = camera
        self.named = named
        self.name = name
        self.source = source
        self.snapshotURL = snapshotURL
        self.owner = owner
        self.org = org
        self.viewers = viewers
    }

    func facts(on snapshot: Snapshot<RtspCamera>, _: Request, _ services: Services) -> Facts {
        Facts(source: source.identity(of: camera, services.vault), mode: services.settings[VideoSettings.control] ? .async : nil)
    }

    func decide(_ state: RtspCamera, _ facts: Facts, at now: Timestamp) throws(RtspRefusal) -> [RtspCamera.Event] {
        guard named == camera else { throw .otherCamera }
        guard state.camera == nil else { throw .isRegistered }
        let registration = RtspCamera.Registration(
            camera: camera, name: name.text, source: facts.source, snapshotURL: snapshotURL?.text, owner: owner, org: org, mode: facts.mode)
        let others = Set(viewers).filter { $0 != owner }.sorted { $0.text < $1.text }
        guard others.count <= GrantAccess.limit else { throw .tooManyGrants }
        return [.registered(registration, at: now)] + others.map { .accessGranted($0, .viewer, by: "staff", at: now) }
    }

    func effect(of events: [RtspCamera.Event], on _: Snapshot<RtspCamera>, _: Facts, _: Request, _ services: Services) throws -> Effect {
        .local(Changes(rows: [try RtspSources.put(source, of: camera, services.vault)]))
    }

    static let operation = Operation.command(
        .post, "/rtsp-cameras/{id}/RegisterRtspCamera", "Register an RTSP camera",
        allow: Rule("an API key for its own tenant, a user for themselves, or a super key for any") { command, _, caller in
            switch caller {
            case .key(_, isSuper: true): true
            case .key(let tenant, isSuper: false): command.org == tenant
            case .user(let user, _): command.owner == user && command.org == nil
            case .staff, .anonymous: false
            }
        },
        answer: registered,
        inputs: .init(
            .path("id", "Id of the camera, a UUID."), .body("cameraId", "The same id."), .body("name", "What people call it."),
            .body("rtspUrl", "Where its stream is."), .body("username", "Opens the stream."), .body("password", "Opens the stream."),
            .body("httpSnapshotUrl", "Where it gives single pictures."), .body("ownerId", "The user who owns it; the caller when absent."),
            .body("orgId", "The tenant; that of the key when absent."), .caller)
    ) {
        (
            camera: RtspCamera.ID, named: RtspCamera.ID, name: NonEmptyString, url: RtspURL, username: Secret.Text?, password: Secret.Text?,
            snapshotURL: HTTPAddress?, owner: UserID?, org: OrgID?, caller: Caller
        ) in
        RegisterRtspCamera(
            camera, named: named, name: name, source: RtspSource(url, username: username?.text, password: password?.text),
            snapshotURL: snapshotURL, owner: owner ?? caller.user, org: org ?? caller.org, viewers: [])
    }

    /// 200 although the camera is new, as the contract has it.
    private static let registered = CommandResponse<RegisterRtspCamera>.only(
        200, .constant("success", true), .member("aggregateId") { $0.command.camera }, .member("version") { $0.version },
        .json("event", Schema.object(["type": .string, "data": .object]).nullable) { result in
            result.wire.first.map { ["type": .string($0.type), "data": .object($0.data)] } ?? .null
        }, .member("placementStatus") { $0.state.placement })
}

/// An address of single pictures.
struct HTTPAddress: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 2_048 }
    static var schema: Schema { Schema.string.formatted("uri").limited(max: Int64(maxLength)) }
    static func problem(with text: String) -> String? {
        let isOne = ["http://", "https://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
        guard isOne, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return "must be an http(s) address" }
        let authority = text.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        return authority.contains("@") ? "must not carry credentials" : nil
    }
}

extension Secret {
    /// A user name or a password for a device.
    struct Text: StringValue {
        let text: String
        init(_ text: String) { self.text = text }
        static var maxLength: Int { 200 }
    }
}
