import AWS
import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Testing

/// The shadow service as clients made for AWS use it: its SDKs, and requests signed for it.
@Suite(.serialized) struct ShadowServiceTests {
    /// A Python with boto3 and awsiotsdk.
    static let python = ProcessInfo.processInfo.environment["SPKEY_TEST_PYTHON"]
    private static let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "SDK")

    private static func run(_ script: String, _ arguments: [String], _ environment: [String: String] = [:]) async throws -> String {
        let path = scripts.appending(path: script).path
        return try await Program.run(
            try #require(python), [path] + arguments, environment: environment, hearsErrors: true, within: .seconds(150))
    }

    /// A device of a hub that the partner has claimed; the name of its thing.
    static func thing(_ partner: Partner) async throws -> String {
        let hub = try await HubTests.hub(partner), device = UUID().uuidString.lowercased()
        let made = try await partner.call(
            "POST", "/matter-devices/\(device)/CreateMatterDevice",
            ["deviceId": .string(device), "thingName": .string(device), "hubId": .string(hub)])
        #expect(made.status == 201, "\(made)")
        return device
    }

    /// What the console prints for the environment of a client.
    static func pair(_ installation: Installation, _ org: String, _ more: String...) async throws -> SignatureV4.Credentials {
        let printed = try await installation.spkey(["api-key", "create", "--aws", "--org", org] + more)
        let values = printed.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).last.map(String.init) ?? "" }
        try #require(printed.hasPrefix("AWS_ACCESS_KEY_ID=AKIA") && values.count == 2, "\(printed.prefix(24))")
        return SignatureV4.Credentials(id: values[0], secret: values[1])
    }

    @Test(.enabled(if: python != nil, "SPKEY_TEST_PYTHON names no Python"), arguments: Layout.testable)
    func `boto3 works unchanged`(layout: Layout) async throws {
        try await DeviceTests.with(layout) { installation, _, partner in
            let other = try await Partner(installation)
            let own = try await Self.thing(partner), foreign = try await Self.thing(other)
            let pair = try await Self.pair(installation, partner.org)
            let output = try await Self.run(
                "data_plane.py", ["http://127.0.0.1:\(installation.port)", own, "nobodys-thing", foreign],
                ["AWS_ACCESS_KEY_ID": pair.id, "AWS_SECRET_ACCESS_KEY": pair.secret])
            #expect(output.hasSuffix("refusals: as it should be"), "\(output)")
        }
    }

    @Test(.enabled(if: python != nil, "SPKEY_TEST_PYTHON names no Python"), arguments: ["5", "3"])
    func `a device made with AWS's SDK works unchanged`(version: String) async throws {
        try await DeviceTests.with { installation, broker, partner in
            let output = try await Self.run("device.py", [version, "\(broker.port)", try await Self.thing(partner)])
            #expect(output.hasSuffix("named: as it should be"), "\(output)")
        }
    }

    private struct Signing {
        var time = SignatureV4.time(of: Installation.now)
        var service = "iotdata"
        var signed = ["host", "x-amz-date"]
        var secret: String?
        var body: [UInt8] = []
        /// What is sent in the place of what was signed.
        var sentBody: [UInt8]?
        var more: [(name: String, value: String)] = []
    }

    private static func call(
        _ installation: Installation, _ pair: SignatureV4.Credentials, _ method: String, _ path: String, query: String = "",
        _ signing: Signing = Signing()
    ) async throws -> Reply {
        let host = "127.0.0.1:\(installation.port)"
        let request = SignedRequest(
            method: method, path: path, query: query, headers: [("host", host), ("x-amz-date", signing.time)] + signing.more,
            body: signing.body)
        let scope = SignatureV4.Scope(day: String(signing.time.prefix(8)), region: "eu-central-1", service: signing.service)
        let signature = SignatureV4(
            of: request, headers: signing.signed, with: .init(id: pair.id, secret: signing.secret ?? pair.secret), scope: scope,
            time: signing.time)
        let sent = signing.sentBody ?? signing.body, body = sent.isEmpty ? nil : try JSON.parse(sent)
        let address = query.isEmpty ? path : "\(path)?\(query)"
        let headers: [(name: String, value: String)] = [("Authorization", signature.header), ("X-Amz-Date", signing.time)]
        return try await Partner.call(installation, method, address, body, headers + signing.more)
    }

    @Test func `a signature opens what its key's tenant owns, and nothing once it is stale, forged or revoked`() async throws {
        try await DeviceTests.with { installation, _, partner in
            let thing = try await Self.thing(partner), path = "/things/\(thing)/shadow"
            let pair = try await Self.pair(installation, partner.org)
            let body: [UInt8] = (["state": ["reported": ["a": 1]]] as JSON).bytes
            func status(_ method: String = "POST", query: String = "", _ change: (inout Signing) -> Void = { _ in }) async throws -> Int {
                var signing = Signing(body: method == "POST" ? body : [])
                change(&signing)
                return try await Self.call(installation, pair, method, path, query: query, signing).status
            }
            #expect(try await status() == 200)
            #expect(try await status(query: "name=a%3Ab") == 200)
            #expect(try await status("GET", query: "name=a%3Ab") == 200)
            #expect(try await status("DELETE") == 200)
            for minutes in [-6, 6] {
                let time = SignatureV4.time(of: Installation.now + .seconds(minutes * 60))
                #expect(try await status { $0.time = time } == 401)
            }
            let late = SignatureV4.time(of: Installation.now + .seconds(240))
            #expect(try await status { $0.time = late } == 200)
            #expect(try await status { $0.secret = "another" } == 401)
            #expect(try await status { $0.service = "s3" } == 401)
            #expect(try await status { $0.signed = ["x-amz-date"] } == 401)
            #expect(try await status { $0.more = [("x-amz-security-token", "unsigned")] } == 401)
            #expect(try await status { $0.sentBody = (["state": ["reported": ["a": 2]]] as JSON).bytes } == 401)
            #expect(try await Self.call(installation, .init(id: "AKIANOBODY", secret: "s"), "GET", path).status == 401)
            #expect(try await partner.call("GET", path, as: [("Authorization", "AWS4-HMAC-SHA256 rubbish")]).status == 401)
            // Other operations take no signature.
            #expect(try await Self.call(installation, pair, "GET", "/hubs").status == 401)

            _ = try await partner.asStaff("DELETE", "/api-keys/\(partner.org)", ["reason": "lost"])
            #expect(try await status("GET") == 401)
        }
    }

    @Test func `a tenant has two pairs at most, and replacing them ends them`() async throws {
        try await DeviceTests.with { installation, _, partner in
            let path = "/things/\(try await Self.thing(partner))/shadow"
            let first = try await Self.pair(installation, partner.org), second = try await Self.pair(installation, partner.org)
            #expect(try await installation.spkey("api-key", "create", "--aws", "--org", partner.org) == "")
            let third = try await Self.pair(installation, partner.org, "--replace")
            for (pair, status) in [(first, 401), (second, 401), (third, 404)] {
                #expect(try await Self.call(installation, pair, "GET", path).status == status)
            }
            // An API key does as well, and a super key reaches every tenant's things.
            #expect(try await partner.call("POST", path, ["state": ["reported": ["a": 1]]]).status == 200)
            let operatorPair = try await Self.pair(installation, "operator", "--super")
            #expect(try await Self.call(installation, operatorPair, "GET", path).status == 200)
            let other = try await Partner(installation)
            #expect(try await other.call("GET", path).status == 403)
            #expect(try await other.call("DELETE", path).status == 403)
        }
    }
}
