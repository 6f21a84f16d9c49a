import Foundation
import Kernel
import KernelTesting
import Synchronization
import Testing
import ThreeDEyeSimulator

/// Cameras, roles and accounts that exist in 3dEye first: nothing is lost there and nothing doubled, whatever breaks on the way.
@Suite(.serialized) struct CameraTests {
    /// An installation with a 3dEye.
    static func with(
        _ layout: Layout, settings own: [String: String] = [:],
        _ body: @escaping @Sendable (Installation, ThreeDEyeSimulator, Partner) async throws -> Void
    ) async throws {
        let simulator = ThreeDEyeSimulator(), port = Mutex(0)
        let running = Task { try await simulator.run(port: 0) { opened in port.withLock { $0 = opened } } }
        defer { running.cancel() }
        #expect(try await eventually { port.withLock { $0 } != 0 })
        let remote = [
            "SPKEY_THREEDEYE_URL": "http://127.0.0.1:\(port.withLock { $0 })", "SPKEY_THREEDEYE_USERNAME": ThreeDEyeSimulator.user,
            "SPKEY_THREEDEYE_PASSWORD": ThreeDEyeSimulator.password,
        ]
        try await Installation.with(layout, settings: own.merging(remote) { $1 }) { installation in
            try await body(installation, simulator, try await Partner(installation))
        }
    }

    private static func camera(_ partner: Partner) -> (path: String, body: JSON) {
        let id = UUID().uuidString.lowercased()
        return (
            "/cameras/\(id)/RegisterCamera",
            [
                "cameraId": .string(id), "name": "Yard", "type": "onvif", "httpUrl": "http://10.0.0.7/", "rtspUrl": "rtsp://10.0.0.7:554/a",
                "orgId": .string(partner.org), "ownerId": .string(UUID().uuidString), "login": "admin", "password": "the-camera's-password",
            ]
        )
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `a camera, a role and an account are made once, crash or not`(
        layout: Layout
    ) async throws {
        try await Self.with(layout) { installation, simulator, partner in
            let user = try await partner.user(), role = UUID().uuidString.lowercased(), camera = Self.camera(partner)
            let makeRole: JSON = [
                "roleId": .string(role), "name": "Guards", "description": "Night", "orgId": .string(partner.org),
            ]
            let calls = [
                (camera.path, camera.body), ("/camera-roles/\(role)/CreateCameraRole", makeRole),
                ("/camera-roles/\(role)/AssignUser", ["userId": .string(user)]),
            ]
            func crash(_ path: String, _ body: JSON, at point: String) async throws {
                try await installation.killAndRestart(["SPKEY_CRASH_AT": point])
                let cut = try? await partner.call("POST", path, body)
                #expect(cut == nil)
                try await installation.server.wait()
                try await installation.killAndRestart()
            }
            /// What was being made is held for a while, in case another process still makes it.
            func repeated(_ path: String, _ body: JSON) async throws {
                let isMade = try await eventually(within: .seconds(60)) {
                    [200, 201].contains(try await partner.call("POST", path, body).status)
                }
                #expect(isMade, "\(path)")
            }
            for (path, body) in calls.prefix(2) { try await crash(path, body, at: "commit-before@video") }
            for (path, body) in calls.prefix(2) { try await repeated(path, body) }
            try await crash(calls[2].0, calls[2].1, at: "commit-before@video")
            try await repeated(calls[2].0, calls[2].1)
            #expect(simulator.counts == (1, 1, 1))
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test func `a 3dEye that fails costs a 502 and nothing is stored; what it made all the same is adopted`() async throws {
        try await Self.with(.sqlite) { installation, simulator, partner in
            let camera = Self.camera(partner), details = camera.path.replacing("RegisterCamera", with: "details")
            for fault in [
                ThreeDEyeSimulator.Fault("POST", "/v3/cameras", status: 500, isAfterwards: true),
                ThreeDEyeSimulator.Fault("GET", "/v3/cameras", status: 503), ThreeDEyeSimulator.Fault("GET", "/v3/cameras", status: 418),
            ] {
                simulator.inject(fault)
                let refused = try await partner.call("POST", camera.path, camera.body)
                #expect(refused.status == 502 && refused.body["error"] == "UpstreamError", "\(refused)")
                #expect(try await partner.call("GET", details).status == 404)
            }
            let made = try await partner.call("POST", camera.path, camera.body)
            #expect(made.status == 201)
            #expect(simulator.counts.cameras == 1)
            #expect(!made.body.encoded.contains("password"))
            // A deletion that 3dEye has done already is done.
            simulator.inject(.init("DELETE", "/v3/cameras", status: 500, isAfterwards: true))
            let delete = camera.path.replacing("RegisterCamera", with: "DeleteCamera"), by: JSON = ["deletedBy": .string(UUID().uuidString)]
            #expect(try await partner.call("POST", delete, by).status == 502)
            #expect(try await partner.call("POST", delete, by).status == 200)
            #expect(simulator.counts.cameras == 0)
        }
    }

    @Test(arguments: Layout.testable) func `the suspended see nothing until they may again, and of the erased nothing is left`(
        layout: Layout
    ) async throws {
        try await Self.with(layout) { installation, simulator, partner in
            let user = try await partner.user(), role = UUID().uuidString.lowercased(), camera = UUID().uuidString.lowercased()
            let make: JSON = ["roleId": .string(role), "name": "Guards", "description": "Night", "orgId": .string(partner.org)]
            #expect(try await partner.call("POST", "/camera-roles/\(role)/CreateCameraRole", make).status == 201)
            #expect(try await partner.call("POST", "/camera-roles/\(role)/AssignUser", ["userId": .string(user)]).status == 200)
            let rtsp: JSON = ["cameraId": .string(camera), "name": "Gate", "rtspUrl": .string("rtsp://camera.example.com/\(camera)")]
            #expect(try await partner.call("POST", "/rtsp-cameras/\(camera)/RegisterRtspCamera", rtsp).status == 200)
            let grant: JSON = ["userId": .string(user), "role": "viewer"]
            #expect(try await partner.call("POST", "/rtsp-cameras/\(camera)/GrantAccess", grant).status == 200)
            @Sendable func members() async throws -> Int? {
                try await partner.call("GET", "/camera-roles/\(role)/details").body["users"]?.items?.count
            }
            // 3dEye is away for a moment: what is to be done there is done later.
            simulator.inject(.init("DELETE", "/v3/roles", status: 503, times: 2))
            #expect(
                try await partner.call("POST", "/users/\(user)/SuspendUser", ["reason": "r", "suspendedBy": "us"]).status == 200)
            #expect(try await eventually(within: .seconds(60)) { try await members() == 0 })
            let status = try await partner.asStaff("GET", "/admin/threedeye/users/\(user)").body
            #expect(status["recovery"]?["roleIds"]?.items == [.string(role)])
            #expect(try await partner.call("POST", "/users/\(user)/ReactivateUser", ["reactivatedBy": "us"]).status == 200)
            #expect(try await eventually(within: .seconds(30)) { try await members() == 1 })
            #expect(try await partner.asStaff("POST", "/users/\(user)/EraseUser").status == 200)
            let isGone = try await eventually(within: .seconds(30)) {
                let grants = try await partner.call("GET", "/rtsp-cameras/\(camera)").body["accessGrants"]?.items?.count
                return try await members() == 0 && grants == 0 && simulator.counts.accounts == 0
            }
            #expect(isGone)
        }
    }

    @Test func `an address proves nothing: the account of somebody else is not taken over`() async throws {
        try await Self.with(.sqlite) { installation, simulator, partner in
            let user = try await partner.user(), other = try await partner.user()
            simulator.addForeignAccount("\(user)@example.com")
            #expect(try await partner.call("GET", "/users/\(user)/3deye-credentials").status == 409)
            let first = try await partner.call("GET", "/users/\(other)/3deye-credentials")
            #expect(first.status == 200)
            #expect(try await partner.asStaff("POST", "/admin/threedeye/users/\(other)/reset").body["clearedMapping"] == true)
            #expect(try await partner.call("GET", "/users/\(other)/3deye-credentials").status == 409)
            // Staff delete it in 3dEye, and it is made anew.
            let reset = try await partner.asStaff(
                "POST", "/admin/threedeye/users/\(other)/reset", ["deleteRemote": true, "reprovision": true])
            #expect(reset.body["reprovision"]?["threedeyeUserId"]?.text != nil, "\(reset)")
            #expect(try await partner.call("GET", "/users/\(other)/3deye-credentials").status == 200)
            #expect(simulator.counts.accounts == 1)
            #expect(try await partner.call("GET", "/users/\(other)/3deye-credentials", as: try await partner.signedIn(user)).status == 403)
        }
    }
}
