import Application
import Kernel
import KernelTesting
import Testing

@testable import Video

@Suite struct RtspCameraTests {
    private let now = Timestamp(milliseconds: 1_755_680_400_000)
    private let source = SourceIdentity(hash: "h", stream: "s"), other = SourceIdentity(hash: "i", stream: "t")

    private func registered(_ mode: RtspCamera.PlacementMode? = nil, org: OrgID? = "acme") -> RtspCamera.Event {
        .registered(
            RtspCamera.Registration(
                camera: "c", name: "Gate", source: source, snapshotURL: nil, owner: "ann", org: org, mode: mode), at: now)
    }
    private func register(named: RtspCamera.ID = "c", viewers: [UserID] = []) -> RegisterRtspCamera {
        RegisterRtspCamera(
            "c", named: named, name: "Gate", source: RtspSource("rtsp://h/a", username: nil, password: nil), snapshotURL: nil, owner: "ann",
            org: "acme", viewers: viewers)
    }
    private func facts(_ mode: RtspCamera.PlacementMode? = nil) -> RegisterRtspCamera.Facts { .init(source: source, mode: mode) }
    private var deleted: RtspCamera.Event { .deleted(by: nil, at: now) }

    @Test func `a camera is registered once, under its own id`() {
        Given<RtspCamera>().when(register(), facts(), at: now).then(registered())
        Given<RtspCamera>().when(register(), facts(.async), at: now).then(registered(.async))
        Given<RtspCamera>().when(register(named: "d"), facts()).thenRefused(.otherCamera)
        Given<RtspCamera>(registered()).when(register(), facts()).thenRefused(.isRegistered)
        Given<RtspCamera>(registered(), deleted).when(register(), facts()).thenRefused(.isRegistered)
    }

    @Test func `viewers are let in with the registration, the owner is none of them`() {
        Given<RtspCamera>().when(register(viewers: ["bob", "ann", "bob"]), facts(), at: now).then(
            registered(), .accessGranted("bob", .viewer, by: "staff", at: now))
        Given<RtspCamera>().when(register(viewers: (0...1_000).map { UserID("u\($0)") }), facts()).thenRefused(.tooManyGrants)
    }

    @Test func `a stream runs at once, or waits for its placement`() {
        Given<RtspCamera>(registered()).then { $0.placement == .running && $0.generation == 1 && $0.status == .working }
        Given<RtspCamera>(registered(.async)).then { $0.placement == .pending && $0.generation == 1 }
    }

    private func update(_ name: NonEmptyString? = nil, url: RtspURL? = nil) -> UpdateRtspCamera {
        UpdateRtspCamera(camera: "c", name: name, url: url, username: nil, password: nil, snapshotURL: nil)
    }
    private let same = UpdateRtspCamera.Facts(source: nil, identity: nil)

    @Test func `a change is what changes`() {
        let new = UpdateRtspCamera.Facts(source: RtspSource("rtsp://h/b", username: nil, password: nil), identity: other)
        Given<RtspCamera>(registered()).when(update("Yard"), same, at: now).then(.updated(.init(name: "Yard"), at: now))
        Given<RtspCamera>(registered()).when(update("Gate"), same, at: now).then()
        Given<RtspCamera>(registered()).when(update(url: "rtsp://h/b"), new, at: now).then(.updated(.init(source: other), at: now))
        Given<RtspCamera>(registered(.async)).when(update(url: "rtsp://h/b"), new, at: now).then(
            .updated(.init(source: other, isPlacedAnew: true), at: now))
        Given<RtspCamera>(registered()).when(update(), same).thenRefused(.nothingToChange)
        Given<RtspCamera>(registered(), deleted).when(update("Yard"), same).thenRefused(.isDeleted)
    }

    @Test(
        arguments: [
            (nil, "u2", nil, "rtsp://h:554/a", "u2", "p"), ("rtsp://h:554/b", nil, nil, "rtsp://h:554/b", "u", "p"),
            ("rtsp://me:new@h:554/a", nil, nil, "rtsp://h:554/a", "me", "new"), ("rtsp://h:555/a", nil, nil, "rtsp://h:555/a", nil, nil),
            ("rtsp://evil/a", nil, nil, "rtsp://evil/a", nil, nil), ("rtsp://evil/a", "x", "y", "rtsp://evil/a", "x", "y"),
        ] as [(String?, String?, String?, String, String?, String?)])
    func `credentials are kept for their own machine only`(
        url: String?, user: String?, password: String?, address: String, ownUser: String?, ownPassword: String?
    ) {
        let before = RtspSource("rtsp://h:554/a", username: "u", password: "p")
        let update = UpdateRtspCamera(
            camera: "c", name: nil, url: url.map { RtspURL($0) }, username: user.map { Secret.Text($0) },
            password: password.map { Secret.Text($0) }, snapshotURL: nil)
        let after = UpdateRtspCamera.source(after: before, update)
        #expect(after?.address == address && after?.username == ownUser && after?.password == ownPassword)
    }

    @Test func `an address of pictures carries no credentials`() {
        #expect(HTTPAddress.problem(with: "http://h/s.jpg?a@b") == nil)
        #expect(HTTPAddress.problem(with: "http://u:p@h/s.jpg") != nil && HTTPAddress.problem(with: "ftp://h/") != nil)
    }

    @Test func `a new source is placed anew, and a stopped stream stays stopped`() {
        let change = RtspCamera.Event.updated(.init(source: other), at: now)
        Given<RtspCamera>(registered(.async), .placed(worker: "w", generation: 1, version: 1, at: now), change).then {
            $0.placement == .pending && $0.generation == 2 && $0.worker == nil && $0.source == other
        }
        Given<RtspCamera>(registered(), .streamStopped(by: nil, at: now), change).then { $0.placement == .released && $0.generation == 3 }
    }

    @Test func `a source has one living camera`() {
        let camera = [registered()].reduce(into: RtspCamera()) { $0.apply($1) }
        #expect(RtspCamera.claims(of: registered(), before: RtspCamera()) == [.take(kind: "rtsp-source", value: "h")])
        #expect(
            RtspCamera.claims(of: .updated(.init(source: other), at: now), before: camera) == [
                .take(kind: "rtsp-source", value: "i"), .release(kind: "rtsp-source", value: "h"),
            ])
        #expect(RtspCamera.claims(of: .updated(.init(source: source), at: now), before: camera).isEmpty)
        #expect(RtspCamera.claims(of: deleted, before: camera) == [.release(kind: "rtsp-source", value: "h")])
        #expect(RegisterRtspCamera.refusal(claimed: "rtsp-source") == .sourceInUse)
    }

    @Test func `a stream is started and stopped once`() {
        let start = StartStream(camera: "c", caller: .key(org: "acme", isSuper: false))
        let stop = StopStream(camera: "c", caller: .staff(email: "a@b.example"))
        let stopped = RtspCamera.Event.streamStopped(by: "staff", at: now)
        Given<RtspCamera>(registered()).when(start, at: now).then()
        Given<RtspCamera>(registered()).when(stop, at: now).then(stopped)
        Given<RtspCamera>(registered(), stopped).when(stop, at: now).then()
        Given<RtspCamera>(registered(), stopped).when(start, at: now).then(.streamStarted(by: "acme", at: now))
        Given<RtspCamera>(registered(), deleted).when(start).thenRefused(.isDeleted)
        Given<RtspCamera>(registered(), deleted).when(stop).thenRefused(.isDeleted)
        Given<RtspCamera>(registered(), deleted).when(DeleteRtspCamera(camera: "c", author: nil)).thenRefused(.isDeleted)
    }

    @Test func `a grant is given, replaced and taken`() {
        func grant(_ user: UserID, _ role: RtspCamera.Role) -> GrantAccess { GrantAccess(camera: "c", user: user, role: role, author: nil) }
        let viewer = RtspCamera.Event.accessGranted("bob", .viewer, by: nil, at: now)
        Given<RtspCamera>(registered()).when(grant("bob", .viewer), at: now).then(viewer)
        Given<RtspCamera>(registered(), viewer).when(grant("bob", .viewer), at: now).then()
        Given<RtspCamera>(registered(), viewer).when(grant("bob", .manager), at: now).then(
            .accessGranted("bob", .manager, by: nil, at: now))
        Given<RtspCamera>(registered()).when(grant("ann", .viewer)).thenRefused(.isOwner)
        Given<RtspCamera>(registered(), deleted).when(grant("bob", .viewer)).thenRefused(.isDeleted)
        let revoke = RevokeAccess(camera: "c", user: "bob", author: "Ann")
        Given<RtspCamera>(registered(), viewer).when(revoke, at: now).then(.accessRevoked("bob", by: "Ann", at: now))
        Given<RtspCamera>(registered()).when(revoke).thenRefused(.noGrant)
        Given<RtspCamera>(registered(), viewer, deleted).when(revoke).thenRefused(.isDeleted)
    }

    private func result(
        _ status: ApplyPlacementResult.Outcome, generation: Int = 1, version: Int = 1, worker: NonEmptyString? = "w",
        error: Reason? = "why",
        named: RtspCamera.ID = "c"
    ) -> ApplyPlacementResult {
        ApplyPlacementResult(
            camera: "c", named: named, version: PositiveInt(number: version), generation: generation, status: status, worker: worker,
            error: error,
            secret: "s")
    }

    @Test func `the result of the placement that is wanted counts, once`() {
        let known = ApplyPlacementResult.Facts(version: 2),
            placed = RtspCamera.Event.placed(worker: "w", generation: 1, version: 1, at: now)
        let failed = RtspCamera.Event.placementFailed("why", generation: 1, version: 1, at: now)
        func given() -> Given<RtspCamera> { Given<RtspCamera>(registered(.async)) }
        given().when(result(.running), known, at: now).then(placed)
        given().when(result(.failed), known, at: now).then(failed)
        given().when(result(.released), known, at: now).then()
        given().when(result(.running, generation: 0), known, at: now).then()
        given().when(result(.running, generation: 2), known, at: now).then()
        Given<RtspCamera>(registered(.async), placed).when(result(.running), known, at: now).then()
        Given<RtspCamera>(registered(.async), failed).when(result(.failed), known, at: now).then()
        Given<RtspCamera>(registered(.async), placed).then { $0.placement == .running && $0.worker == "w" }
        Given<RtspCamera>(registered(.async), failed).then { $0.placement == .failed && $0.placementError == "why" }
        Given<RtspCamera>(registered(.async), deleted).when(result(.running, generation: 2), known, at: now).then()
        given().when(result(.running, version: 3), known).thenRefused(.otherResult)
        given().when(result(.running, named: "d"), known).thenRefused(.otherResult)
        given().when(result(.running, worker: nil), known).thenRefused(.noWorker)
        given().when(result(.failed, error: nil), known).thenRefused(.noError)
    }

    @Test(
        arguments: [
            (.key(org: "acme", isSuper: false), true, true), (.key(org: "other", isSuper: false), false, false),
            (.key(org: "other", isSuper: true), true, true), (.user("ann", email: nil), true, true), (.user("mia", email: nil), true, true),
            (.user("vic", email: nil), false, true), (.user("eve", email: nil), false, false), (.anonymous, false, false),
            (.staff(email: "s"), false, false),
        ] as [(Caller, Bool, Bool)])
    func `its tenant, owner and managers manage a camera, its viewers see it`(caller: Caller, manages: Bool, sees: Bool) {
        let camera = [
            registered(), .accessGranted("mia", .manager, by: nil, at: now), .accessGranted("vic", .viewer, by: nil, at: now),
        ].reduce(into: RtspCamera()) { $0.apply($1) }
        #expect(camera.isManaged(by: caller) == manages)
        #expect(Rule<ShowRtspCamera, RtspCamera>.viewer.permits(ShowRtspCamera(camera: "c"), camera, caller) == sees)
    }

    @Test func `a camera without a tenant is no key's`() {
        let camera = [registered(org: nil)].reduce(into: RtspCamera()) { $0.apply($1) }
        #expect(!camera.isManaged(by: .key(org: "acme", isSuper: false)))
    }

    @Test func `events and states are read by every later build`() throws {
        try GoldenSamples.check(
            [
                .registered(
                    RtspCamera.Registration(
                        camera: "c", name: "Gate", source: source, snapshotURL: "http://h/s.jpg", owner: "ann", org: "acme", mode: .async),
                    at: now),
                .updated(.init(name: "Yard", source: other, snapshotURL: "http://h/t.jpg", isPlacedAnew: true), at: now),
                .accessRevoked("eve", by: "Ann", at: now), .accessGranted("bob", .viewer, by: "Ann", at: now),
                .streamStopped(by: "acme", at: now), .streamStarted(by: "acme", at: now),
                .placed(worker: "w", generation: 4, version: 7, at: now), .placementFailed("why", generation: 4, version: 7, at: now),
                .deleted(by: "Ann", at: now),
            ], of: RtspCamera.self)
    }
}

@Suite struct RtspSourceTests {
    @Test(
        arguments: [
            ("rtsp://h/a", nil, nil, "rtsp://h/a", nil, nil), (" rtsp://h/a ", "u", "p", "rtsp://h/a", "u", "p"),
            ("rtsp://me:pw@h:554/a@b?c", nil, nil, "rtsp://h:554/a@b?c", "me", "pw"), ("rtsps://me@h/", nil, nil, "rtsps://h/", "me", nil),
            ("rtsp://me:pw@h/a", "u", nil, "rtsp://h/a", "u", "pw"),
        ] as [(String, String?, String?, String, String?, String?)])
    func `credentials in an address are taken out of it`(
        url: String, user: String?, password: String?, address: String, ownUser: String?, ownPassword: String?
    ) {
        let source = RtspSource(RtspURL(url), username: user, password: password)
        #expect(source.address == address && source.username == ownUser && source.password == ownPassword)
    }

    @Test(arguments: ["", "http://h/", "rtsp://", "rtsp://u:p@/a", "rtsp://h/ä", "rtsp://h/a b", "rtsp://:554/"])
    func `what is no address of a stream is refused`(url: String) { #expect(RtspURL.problem(with: url) != nil) }

    @Test(arguments: ["rtsp://h", "RTSP://h/a", "rtsps://u:p@[::1]:554/a?b#c", " rtsp://h/a "])
    func `what is one is taken`(url: String) { #expect(RtspURL.problem(with: url) == nil) }

    @Test func `a stream is named by its camera and its address, whatever opens it`() {
        let vault = FakeServices().services("video").vault
        func identity(_ url: RtspURL, _ camera: RtspCamera.ID = "c") -> SourceIdentity {
            RtspSource(url, username: nil, password: nil).identity(of: camera, vault)
        }
        #expect(identity("rtsp://u:p@h/a") == identity("rtsp://h/a"))
        #expect(identity("rtsp://h/a").hash == identity("rtsp://h/a", "d").hash)
        #expect(identity("rtsp://h/a").stream != identity("rtsp://h/a", "d").stream && identity("rtsp://h/a").stream.count == 16)
        #expect(identity("rtsp://h/a").hlsPath == "/hls/\(identity("rtsp://h/a").stream)/index.m3u8")
    }
}
