import Application
import Kernel
import KernelTesting
import Testing
import VideoContracts

@testable import Video

@Suite struct CameraTests {
    private let now = Timestamp(milliseconds: 1_755_680_400_000)
    private static let id: UUIDText = "0198b2d4-1111-7111-8111-000000000001", owner: UUIDText = "0198b2d4-1111-7111-8111-000000000002"
    private var camera: Camera.ID { Camera.ID(Self.id.text) }
    private var owner: UserID { UserID(Self.owner.text) }

    private func registration(remote: RemoteCamera.ID = "100001", code: String? = nil) -> Camera.Registration {
        Camera.Registration(
            camera: camera, remote: remote, kind: code == nil ? .onvif : .pnp, name: "Yard", org: "acme", owner: owner,
            httpURL: code == nil ? "http://h/" : "", rtspURL: code == nil ? "rtsp://h:554/a" : "", code: code)
    }
    private var registered: Camera.Event { .registered(registration(), at: now) }
    private var deleted: Camera.Event { .deleted(by: owner, at: now) }
    private var disabled: Camera.Event { .disabled("broken", by: owner, at: now) }

    private func register(
        named: UUIDText = id,
        source: ThreeDEye.NewCamera.Source = .address(http: "http://h/", rtsp: "rtsp://h:554/a", port: 554, isOnvif: true)
    ) -> RegisterCamera {
        var kind = Camera.Kind.onvif
        if case .registrationCode = source { kind = .pnp }
        return RegisterCamera(
            camera: camera, named: named, name: "Yard", kind: kind, source: source, org: "acme", owner: Self.owner, login: "admin",
            password: "secret")
    }

    @Test func `a camera is registered once, under its own id`() {
        Given<Camera>().when(register(), at: now).then(.registered(registration(remote: ""), at: now))
        Given<Camera>().when(register(source: .registrationCode("R-1")), at: now).then(
            .registered(registration(remote: "", code: "R-1"), at: now))
        Given<Camera>().when(register(named: Self.owner)).thenRefused(.otherCamera)
        Given<Camera>(registered).when(register(), at: now).then()
        Given<Camera>(registered, deleted).when(register(), at: now).then()
    }

    @Test func `the id that 3dEye gives completes the event`() {
        #expect(register().completed([.registered(registration(remote: ""), at: now)], remoteID: "100001") == [registered])
    }

    private func update(_ name: NonEmptyString? = nil, http: HTTPAddress? = nil, rtsp: RtspURL? = nil) -> UpdateCamera {
        UpdateCamera(camera: camera, name: name, httpURL: http, rtspURL: rtsp)
    }

    @Test func `a change is what changes, without credentials in addresses`() {
        Given<Camera>(registered).when(update("Gate"), at: now).then(.updated(.init(name: "Gate"), at: now))
        Given<Camera>(registered).when(update("Yard", http: "http://h/"), at: now).then()
        Given<Camera>(registered).when(update(rtsp: "rtsp://u:p@h/b"), at: now).then(.updated(.init(rtspURL: "rtsp://h/b"), at: now))
        Given<Camera>(registered).when(update()).thenRefused(.nothingToChange)
        Given<Camera>(registered, deleted).when(update("Gate")).thenRefused(.isDeleted)
        Given<Camera>(registered, .updated(.init(name: "Gate", httpURL: "http://i/"), at: now)).then {
            $0.name == "Gate" && $0.httpURL == "http://i/" && $0.rtspURL == "rtsp://h:554/a"
        }
    }

    @Test func `a camera is disabled once and deleted once`() {
        let disable = DisableCamera(camera: camera, reason: "broken", user: Self.owner)
        Given<Camera>(registered).when(disable, at: now).then(disabled)
        Given<Camera>(registered, disabled).when(disable).thenRefused(.isDisabled)
        Given<Camera>(registered, deleted).when(disable).thenRefused(.isDeleted)
        let delete = DeleteCamera(camera: camera, user: Self.owner)
        Given<Camera>(registered, disabled).when(delete, at: now).then(deleted)
        Given<Camera>(registered, deleted).when(delete).thenRefused(.isDeleted)
        Given<Camera>(registered, disabled).then { $0.status == .disabled }
        Given<Camera>(registered, deleted).then { $0.status == .deleted }
    }

    @Test func `a camera opens one lock, or none`() {
        let link = LinkCameraToLock(camera: camera, lock: "7"), unlink = UnlinkCameraFromLock(camera: camera)
        Given<Camera>(registered).when(link, at: now).then(.linked("7"))
        Given<Camera>(registered, .linked("7")).when(link, at: now).then()
        Given<Camera>(registered, .linked("8")).when(link, at: now).then(.linked("7"))
        Given<Camera>(registered, .linked("7")).when(unlink, at: now).then(.unlinked)
        Given<Camera>(registered, .linked("7"), .unlinked).when(unlink).thenRefused(.isNotLinked)
        Given<Camera>(registered, deleted).when(link).thenRefused(.isDeleted)
        Given<Camera>(registered, deleted).when(unlink).thenRefused(.isDeleted)
    }

    @Test(
        arguments: [
            (.key(org: "acme", isSuper: false), true), (.key(org: "other", isSuper: false), false),
            (.key(org: "other", isSuper: true), true),
            (.user(UserID(owner.text), email: nil), true), (.user("eve", email: nil), false), (.anonymous, false),
            (.staff(email: "s"), false),
        ] as [(Caller, Bool)])
    func `its tenant and its owner keep a camera`(caller: Caller, keeps: Bool) {
        let state = [registered].reduce(into: Camera()) { $0.apply($1) }
        #expect(state.isKept(by: caller) == keeps)
        #expect(RegisterCamera.rule.permits(register(), Camera(), caller) == keeps)
        #expect(RegisterCamera.rule.permits(register(), state, caller) == keeps)
    }

    @Test func `nobody learns by registering it that a foreign camera exists as theirs`() {
        let state = [registered].reduce(into: Camera()) { $0.apply($1) }
        let mine = RegisterCamera(
            camera: camera, named: Self.id, name: "Mine", kind: .onvif, source: .registrationCode("x"), org: "other", owner: Self.owner,
            login: "a", password: "b")
        #expect(!RegisterCamera.rule.permits(mine, state, .key(org: "other", isSuper: false)))
    }

    @Test(
        arguments: [
            ("rtsp://h:554/a", 554), ("rtsp://u:p@h:8554", 8_554), ("rtsp://h/a:1", nil), ("rtsp://[::1]/a", nil), ("rtsp://[::1]:5/", 5),
            ("rtsp://h:0/", nil),
        ] as [(String, Int?)])
    func `the port of an address is read`(url: String, port: Int?) { #expect(RtspURL(url).port == port) }

    @Test func `events and states are read by every later build`() throws {
        try GoldenSamples.check(
            [
                .registered(registration(code: "R-1"), at: now),
                .updated(.init(name: "Gate", httpURL: "http://i/", rtspURL: "rtsp://i/"), at: now),
                .unlinked, .linked("7"), disabled, deleted,
            ], of: Camera.self)
    }
}
