import Application
import Kernel
import KernelTesting
import Testing

@testable import Video

@Suite struct CameraRoleTests {
    private let now = Timestamp(milliseconds: 1_755_680_400_000)
    private static let id: UUIDText = "0198b2d4-2222-7111-8111-000000000001", ann: UUIDText = "0198b2d4-2222-7111-8111-000000000002"
    private var role: CameraRole.ID { CameraRole.ID(Self.id.text) }
    private var member: CameraRole.Member { CameraRole.Member(user: UserID(Self.ann.text), account: "account-1") }

    private func definition(_ remote: CameraRole.RemoteRole = "100001") -> CameraRole.Definition {
        CameraRole.Definition(role: role, remote: remote, name: "Guards", description: "Night", org: "acme")
    }
    private var created: CameraRole.Event { .created(definition(), at: now) }
    private var deleted: CameraRole.Event { .deleted(at: now) }
    private func access(_ camera: RemoteCamera.ID = "17", _ permissions: [Permission] = ["View"]) -> CameraRole.Access {
        CameraRole.Access(camera: camera, permissions: permissions)
    }

    @Test func `a role is made once, under its own id, and completed by 3dEye's`() {
        func create(named: UUIDText) -> CreateCameraRole {
            CreateCameraRole(role: role, named: named, name: "Guards", description: "Night", org: "acme")
        }
        Given<CameraRole>().when(create(named: Self.id), at: now).then(.created(definition(""), at: now))
        Given<CameraRole>().when(create(named: Self.ann)).thenRefused(.otherRole)
        Given<CameraRole>(created).when(create(named: Self.id), at: now).then()
        #expect(create(named: Self.id).completed([.created(definition(""), at: now)], remoteID: "100001") == [created])
    }

    @Test func `a role is deleted once, and does nothing then`() {
        Given<CameraRole>(created).when(DeleteCameraRole(role: role, user: Self.ann), at: now).then(deleted)
        Given<CameraRole>(created, deleted).when(DeleteCameraRole(role: role, user: Self.ann)).thenRefused(.isDeleted)
        Given<CameraRole>(created, deleted).when(AssignUser(role: role, user: Self.ann), .unasked).thenRefused(.isDeleted)
        Given<CameraRole>(created, deleted).when(RemoveUser(role: role, user: Self.ann)).thenRefused(.isDeleted)
        Given<CameraRole>(created, deleted).when(AssignCamera(role: role, camera: "17", permissions: ["View"]), []).thenRefused(.isDeleted)
        Given<CameraRole>(created, deleted).when(RemoveCamera(role: role, camera: "17")).thenRefused(.isDeleted)
    }

    @Test func `users come once and go once`() {
        let assign = AssignUser(role: role, user: Self.ann), remove = RemoveUser(role: role, user: Self.ann)
        let pending = CameraRole.Event.userAssigned(.init(user: member.user, account: ""), at: now)
        let assigned = CameraRole.Event.userAssigned(member, at: now), removed = CameraRole.Event.userRemoved(member, at: now)
        Given<CameraRole>(created).when(assign, .address, at: now).then(pending)
        #expect(assign.completed([pending], remoteID: "account-1") == [assigned])
        Given<CameraRole>(created).when(assign, .noSuchUser).thenRefused(.noSuchUser)
        Given<CameraRole>(created).when(assign, .noAddress).thenRefused(.noAddress)
        Given<CameraRole>(created, assigned).when(assign, .unasked).thenRefused(.isAssigned)
        Given<CameraRole>(created, assigned).when(remove, at: now).then(removed)
        Given<CameraRole>(created, assigned, removed).when(remove).thenRefused(.isNotAssigned)
    }

    @Test func `a camera's permissions are replaced, and a foreign camera is refused`() {
        func assign(_ permissions: [Permission]) -> AssignCamera { AssignCamera(role: role, camera: "17", permissions: permissions) }
        let one = CameraRole.Event.cameraAssigned(access(), at: now),
            two = CameraRole.Event.cameraAssigned(access("17", ["View", "Share"]), at: now)
        Given<CameraRole>(created).when(assign(["View"]), [], at: now).then(one)
        Given<CameraRole>(created).when(assign(["View"]), ["acme"], at: now).then(one)
        Given<CameraRole>(created).when(assign(["View"]), ["other"]).thenRefused(.foreignCamera)
        Given<CameraRole>(created, one).when(assign(["View", "Share"]), [], at: now).then(two)
        Given<CameraRole>(created, one, two).then { $0.cameras == [access("17", ["View", "Share"])] }
        Given<CameraRole>(created, one).when(RemoveCamera(role: role, camera: "17"), at: now).then(.cameraRemoved("17", at: now))
        Given<CameraRole>(created).when(RemoveCamera(role: role, camera: "17")).thenRefused(.cameraIsNotAssigned)
    }

    @Test func `a role has room for so many`() {
        let users = (0..<CameraRole.maxMembers).map { CameraRole.Event.userAssigned(.init(user: UserID("u\($0)"), account: "a"), at: now) }
        let cameras = (0..<CameraRole.maxCameras).map { CameraRole.Event.cameraAssigned(access(RemoteCamera.ID("c\($0)")), at: now) }
        Given<CameraRole>(all: [created] + users).when(AssignUser(role: role, user: Self.ann), .unasked).thenRefused(.tooManyUsers)
        Given<CameraRole>(all: [created] + cameras).when(AssignCamera(role: role, camera: "17", permissions: ["View"]), []).thenRefused(
            .tooManyCameras)
        Given<CameraRole>(all: [created] + cameras).when(AssignCamera(role: role, camera: "c7", permissions: ["View"]), [], at: now).then(
            .cameraAssigned(access("c7"), at: now))
    }

    @Test(
        arguments: [
            (.key(org: "acme", isSuper: false), true), (.key(org: "other", isSuper: false), false),
            (.key(org: "other", isSuper: true), true),
            (.user("ann", email: nil), false), (.anonymous, false), (.staff(email: "s"), false),
        ] as [(Caller, Bool)])
    func `its tenant manages a role`(caller: Caller, manages: Bool) {
        let state = [created].reduce(into: CameraRole()) { $0.apply($1) }
        #expect(Rule<ShowCameraRole, CameraRole>.tenant.permits(ShowCameraRole(role: role), state, caller) == manages)
    }

    @Test(arguments: [(.int(17), "17"), ("17", "17"), ("", nil), (.double(1.5), nil), (nil, nil), (.null, nil)] as [(JSON?, String?)])
    func `an id of 3dEye is a number or a text`(given: JSON?, id: String?) {
        var reading = Reading()
        #expect(RemoteCamera.ID.read(given, at: "cameraId", &reading)?.text == id)
        #expect(reading.problems.isEmpty == (id != nil))
    }

    @Test func `events and states are read by every later build`() throws {
        try GoldenSamples.check(
            [
                created, .userRemoved(member, at: now), .userAssigned(member, at: now), .cameraRemoved("17", at: now),
                .cameraAssigned(access("17", ["View", "Share"]), at: now), deleted,
            ], of: CameraRole.self)
    }
}
