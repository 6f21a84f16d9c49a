import Application
import Kernel
import VideoContracts

/// Registers a camera: in 3dEye first, then here. What logs in to it goes to 3dEye and is not kept.
struct RegisterCamera: ConcernsCamera {
    let camera: Camera.ID
    let named: UUIDText
    let name: NonEmptyString
    let kind: Camera.Kind
    let source: ThreeDEye.NewCamera.Source
    let org: OrgID
    let owner: UUIDText
    let login: LoginText
    let password: LoginText

    static let createsAggregate = true
    static let effectAnswers = RemoteCall.answers

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        guard Camera.ID(named.text) == camera else { throw .otherCamera }
        guard state.camera == nil else { return [] }
        let (http, rtsp, code): (String, String, String?) =
            switch source {
            case .address(let http, let rtsp, _, _): (http, rtsp, nil)
            case .registrationCode(let code): ("", "", code)
            }
        return [
            .registered(
                Camera.Registration(
                    camera: camera, kind: kind, name: name.text, org: org, owner: UserID(owner.text), httpURL: http, rtspURL: rtsp,
                    code: code), at: now)
        ]
    }

    func effect(of events: [Camera.Event], on _: Snapshot<Camera>, _: NoFacts, _: Request, _: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        let new = ThreeDEye.NewCamera(
            name: name.text, source: source, login: login.text, password: password.text, mark: RemoteMark.camera(camera))
        return .external(RemoteMaking(mark: new.mark, find: { $0.cameras.find }, make: { try await $0.cameras.create(new) }))
    }

    func completed(_ events: [Camera.Event], remoteID: String) -> [Camera.Event] {
        events.map { event in
            guard case .registered(var it, let at) = event else { return event }
            it.remote = RemoteCamera.ID(remoteID)
            return .registered(it, at: at)
        }
    }

    static let rule = Rule<RegisterCamera, Camera>("an API key for its own tenant, a user for themselves, or a super key for any") {
        command, camera, caller in
        // One that exists belongs to whoever it belongs to, whatever the request says.
        guard camera.camera == nil else { return camera.isKept(by: caller) }
        return switch caller {
        case .key(_, isSuper: true): true
        case .key(let tenant, isSuper: false): command.org == tenant
        case .user(let user, _): UserID(command.owner.text) == user
        case .staff, .anonymous: false
        }
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/RegisterCamera", "Register a camera with 3dEye", allow: rule,
        inputs: .init(
            .path("id", "Id of the camera, a UUID."), .body("cameraId", "The same id."), .body("name", "What people call it."),
            .body("type", "How it speaks."), .body("httpUrl", "Where its pages are."), .body("rtspUrl", "Where its stream is."),
            .body("orgId", "The tenant."), .body("ownerId", "The user who owns it."), .body("login", "Logs in to it."),
            .body("password", "Logs in to it."), .body("port", "Its ONVIF port; that of rtspUrl when absent."))
    ) {
        (
            camera: Camera.ID, named: UUIDText, name: NonEmptyString, kind: Camera.Kind, http: HTTPAddress, rtsp: RtspURL, org: OrgID,
            owner: UUIDText, login: LoginText, password: LoginText, port: PortNumber?
        ) in
        RegisterCamera(
            camera: camera, named: named, name: name, kind: kind,
            source: .address(
                http: http.text, rtsp: rtsp.split.address, port: port?.number ?? (kind == .onvif ? rtsp.port : nil),
                isOnvif: kind == .onvif), org: org, owner: owner, login: login, password: password)
    }
}

/// A user name or a password, of at least one character.
struct LoginText: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 200 }
    static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}

/// A TCP port.
struct PortNumber: BoundedInt {
    static let range = 1...65_535
    let number: Int
}
