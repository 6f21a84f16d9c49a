import Foundation
import Kernel
import KernelTesting
import Synchronization
import Testing
import ThreeDEyeClient
import ThreeDEyeSimulator
import VideoContracts

/// The client against a server that behaves like 3dEye, failures included.
@Suite struct ThreeDEyeClientTests {
    private static func with(
        tokenLifetime: Duration = .seconds(300), _ body: (ThreeDEyeSimulator, ThreeDEye) async throws -> Void
    ) async throws {
        let simulator = ThreeDEyeSimulator(tokenLifetime: tokenLifetime), port = Mutex(0)
        let running = Task { try await simulator.run(port: 0) { opened in port.withLock { $0 = opened } } }
        defer { running.cancel() }
        #expect(try await eventually { port.withLock { $0 } != 0 })
        let client = try #require(
            try Self.client([
                "SPKEY_THREEDEYE_URL": "http://127.0.0.1:\(port.withLock { $0 })", "SPKEY_THREEDEYE_USERNAME": ThreeDEyeSimulator.user,
                "SPKEY_THREEDEYE_PASSWORD": ThreeDEyeSimulator.password,
            ]))
        try await body(simulator, client)
    }

    private static func client(_ settings: [String: String]) throws -> ThreeDEye? {
        try ThreeDEyeClient.port(SettingValues(ThreeDEyeClient.settings, in: .dev) { settings[$0] }) {
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        }
    }

    private static let new = ThreeDEye.NewCamera(
        name: "Yard", source: .address(http: "http://h/", rtsp: "rtsp://h/", port: nil, isOnvif: false), login: "a", password: "b",
        mark: "spkey:camera:1")

    @Test func `what is made is found by its mark, changed and deleted`() async throws {
        try await Self.with { simulator, client in
            let camera = try await client.cameras.create(Self.new)
            let found = try await client.cameras.find(Self.new.mark)
            #expect(found == camera)
            let other = try await client.cameras.find("spkey:camera:2")
            #expect(other == nil)
            try await client.cameras.update(camera, "Gate", nil, nil)
            let streams = try await client.cameras.streams(camera)
            #expect(streams.hls.hasSuffix("/index.m3u8"))
            let role = try await client.roles.create("Guards", "Night", "spkey:role:1")
            let foundRole = try await client.roles.find("spkey:role:1")
            #expect(foundRole == role)
            let account = try await client.accounts.create("ann@example.com", "pw", "spkey:user:1")
            try await client.roles.addUser(role, account)
            try await client.roles.addCamera(role, camera, ["View"])
            let all = try await client.accounts.all()
            #expect(all == [ThreeDEye.Account(id: account, email: "ann@example.com", mark: "spkey:user:1", roles: 1)])
            try await client.roles.removeCamera(role, camera)
            try await client.roles.removeUser(role, account)
            try await client.roles.delete(role)
            try await client.accounts.delete(account)
            try await client.cameras.delete(camera)
            #expect(simulator.counts == (0, 0, 0))
            await #expect(throws: ThreeDEye.Failure.unknown) { try await client.cameras.delete(camera) }
        }
    }

    @Test func `an address with an account of somebody else is a conflict`() async throws {
        try await Self.with { simulator, client in
            simulator.addForeignAccount("ann@example.com")
            await #expect(throws: ThreeDEye.Failure.conflict) { _ = try await client.accounts.create("ann@example.com", "pw", "m") }
        }
    }

    @Test func `a token that is taken back is renewed once, for all who wait`() async throws {
        try await Self.with { simulator, client in
            _ = try await client.cameras.create(Self.new)
            simulator.expireTokens()
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        let none = try await client.cameras.find("none")
                        #expect(none == nil)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `who does not get in is told so`() async throws {
        try await Self.with { simulator, client in
            simulator.inject(.init("POST", "/v3/auth", status: 401, times: 9))
            await #expect(throws: ThreeDEye.Failure.self) { try await client.cameras.delete("1") }
        }
    }

    @Test func `one request too many waits as long as it is asked to, three times at most`() async throws {
        try await Self.with { simulator, client in
            simulator.inject(.init("POST", "/v3/cameras", status: 429, times: 2, retryAfter: 0))
            _ = try await client.cameras.create(Self.new)
            simulator.inject(.init("POST", "/v3/cameras", status: 429, times: 3, retryAfter: 0))
            await #expect(throws: ThreeDEye.Failure.unavailable("it has too many requests")) {
                _ = try await client.cameras.create(Self.new)
            }
            simulator.inject(.init("POST", "/v3/cameras", status: 429, times: 1, retryAfter: 60))
            await #expect(throws: ThreeDEye.Failure.self) { _ = try await client.cameras.create(Self.new) }
            #expect(simulator.counts.cameras == 1)
        }
    }

    @Test func `what fails after it was done may have happened`() async throws {
        try await Self.with { simulator, client in
            simulator.inject(.init("POST", "/v3/cameras", status: 500, isAfterwards: true))
            await #expect(throws: ThreeDEye.Failure.unavailable("it answers 500")) { _ = try await client.cameras.create(Self.new) }
            let known = try await client.cameras.find(Self.new.mark)
            #expect(known != nil)
        }
    }

    @Test func `a server that is silent is not waited for`() async throws {
        try await Self.with { simulator, client in
            simulator.inject(.init("GET", "/v3/cameras", status: 200, delay: .seconds(20)))
            await #expect(throws: ThreeDEye.Failure.self) { _ = try await client.cameras.find("m") }
        }
    }

    @Test func `settings belong together`() throws {
        #expect(throws: ThreeDEyeClient.MissingSettings.self) { try Self.client(["SPKEY_THREEDEYE_URL": "http://127.0.0.1:1"]) }
        let none = try Self.client([:])
        #expect(none == nil)
    }
}
