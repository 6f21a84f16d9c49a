import Application
import struct Application.Operation
import Foundation
import Host
import Kernel
import KernelTesting
import Testing

/// Every operation of every module, called by the wrong people and with every constraint of its body broken.
@Suite(.serialized) struct EveryOperationTests {
    /// Two tenants; the first has one of everything that a path may name.
    struct TestTenants: Sendable {
        let partner: Partner
        let other: Partner
        let user: String
        let person: [(name: String, value: String)]
        let stranger: [(name: String, value: String)]
        let names: [String: String]

        init(_ installation: Installation) async throws {
            partner = try await Partner(installation)
            other = try await Partner(installation)
            user = try await partner.user()
            person = try await partner.signedIn(user)
            stranger = try await other.signedIn(try await other.user())
            let lock = try await partner.lock().number, hub = UUID().uuidString.lowercased()
            _ = try await partner.call("POST", "/hubs/\(hub)/ProvisionHub", ["hubId": .string(hub), "serial": "S", "model": "M"])
            _ = try await partner.call("POST", "/hubs/\(hub)/ClaimHub", ["hubId": .string(hub), "siteId": "s", "userId": .string(user)])
            let device = UUID().uuidString.lowercased()
            _ = try await partner.call(
                "POST", "/matter-devices/\(device)/CreateMatterDevice",
                ["deviceId": .string(device), "thingName": .string(device), "hubId": .string(hub)])
            let doors: JSON = [["lockId": .int(Int64(lock))]]
            let window: JSON.Object = [
                "validFrom": (Installation.now - .seconds(60)).json, "validUntil": (Installation.now + .seconds(3600)).json,
            ]
            let key = try await partner.call("POST", "/temp-keys", .object(window.merging(["doors": doors]))).body["uuid"]?.text ?? ""
            let camera = UUID().uuidString.lowercased()
            _ = try await partner.call(
                "POST", "/rtsp-cameras/\(camera)/RegisterRtspCamera",
                ["cameraId": .string(camera), "name": "Gate", "rtspUrl": .string("rtsp://camera.example.com/\(camera)")])
            let seen = UUID().uuidString.lowercased(), role = UUID().uuidString.lowercased()
            _ = try await partner.call(
                "POST", "/cameras/\(seen)/RegisterCamera",
                [
                    "cameraId": .string(seen), "name": "Yard", "type": "generic", "httpUrl": "http://camera.example.com/",
                    "rtspUrl": "rtsp://camera.example.com/", "orgId": .string(partner.org), "ownerId": .string(user), "login": "a",
                    "password": "b",
                ])
            _ = try await partner.call(
                "POST", "/camera-roles/\(role)/CreateCameraRole",
                ["roleId": .string(role), "name": "Guards", "description": "Night", "orgId": .string(partner.org)])
            let action = try await partner.call("POST", "/locks/\(lock)/OpenLock", [:]).headers["x-action-id"] ?? ""
            let hook = try await partner.asStaff("POST", "/tenants/\(partner.org)/webhooks", ["url": "https://partner.example.com/hook"])
            names = [
                "lock": "\(lock)", "user": user, "hub": hub, "uuid": key, "action": action, "device": device, "thingName": device,
                "camera": camera, "seen": seen, "role": role, "roleId": role,
                "orgId": partner.org, "doorId": "1",
                "number": "1",
                "webhookId": hook.body["webhook"]?["id"]?.text ?? hook.body["id"]?.text ?? hook.body["webhookId"]?.text ?? "",
                "type": "lock", "instanceId": "none", "deliveryId": "1",
            ]
            #expect(names.values.allSatisfy { !$0.isEmpty }, "\(names)")
        }

        func path(_ operation: Operation) -> String {
            let first = operation.path.split(separator: "/").first.map(String.init) ?? ""
            let id =
                [
                    "locks": "lock", "users": "user", "hubs": "hub", "actions": "action", "matter-devices": "device",
                    "rtsp-cameras": "camera", "cameras": "seen", "camera-roles": "role",
                ][first] ?? "lock"
            return operation.path.split(separator: "/").map { step in
                guard step.first == "{" else { return "/\(step)" }
                let name = String(step.dropFirst().dropLast())
                return "/" + (names[name == "id" ? id : name] ?? "none")
            }.joined() + query(operation)
        }

        private func query(_ operation: Operation) -> String {
            let needed = operation.fields.filter { $0.place == .query && !$0.schema.isOptional }
            let values = needed.map { field in
                "\(field.name)=\(SchemaSamples.valid(field.schema.json, named: field.name).text ?? "1")".replacing("+", with: "%2B")
            }
            return values.isEmpty ? "" : "?" + values.joined(separator: "&")
        }

        /// A body that the operation accepts, about what the path names.
        func body(_ operation: Operation) -> JSON {
            let (schemas, required) = EveryOperationTests.body(operation)
            var body = SchemaSamples.body(schemas, required: required).members ?? [:]
            if body["deviceId"] != nil, operation.path.hasPrefix("/matter-devices") { body["deviceId"] = names["device"].map(JSON.string) }
            if body["cameraId"] != nil {
                body["cameraId"] = names[operation.path.hasPrefix("/cameras") ? "seen" : "camera"].map(JSON.string)
            }
            if body["roleId"] != nil { body["roleId"] = names["role"].map(JSON.string) }
            if body["httpUrl"] != nil { body["httpUrl"] = "http://camera.example.com/" }
            if body["rtspUrl"] != nil { body["rtspUrl"] = .string("rtsp://camera.example.com/\(UUID().uuidString)") }
            if body["hubId"] != nil { body["hubId"] = names["hub"].map(JSON.string) }
            if body["index"] != nil { body["index"] = names["lock"].flatMap { Int64($0) }.map(JSON.int) }
            if operation.key.hasSuffix("/CreateUser") { body["userId"] = .string(user) }
            return .object(body)
        }

        /// An installation with everything that operations need, and its tenants.
        static func with(_ body: @escaping @Sendable (TestTenants) async throws -> Void) async throws {
            try await CameraTests.with(.sqlite, settings: ["SPKEY_SHADOW_WEBHOOK_SECRET": secret]) { installation, _, _ in
                try await body(try await TestTenants(installation))
            }
        }

        static let secret = "the-secret-of-another-shadow-service"

        func call(_ operation: Operation, _ body: JSON?, as headers: [(name: String, value: String)]) async throws -> Reply {
            try await partner.call(operation.method.rawValue, path(operation), operation.method == .get ? nil : body, as: headers)
        }

        /// The status that an operation answers to one who may. A stream is left when it has begun.
        func status(of operation: Operation, at path: String) async throws -> Int {
            guard operation.path == "/events/stream" else {
                let body = operation.method == .get ? nil : body(operation)
                return try await partner.call(operation.method.rawValue, path, body, as: entitled(operation)).status
            }
            let client = try RawClient(port: partner.installation.port)
            client.say("GET \(path) HTTP/1.1\r\nHost: a\r\nX-API-Key: \(partner.key)\r\n\r\n")
            let head = try await client.hears(" ") ?? ""
            return head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 599
        }

        /// The credentials of one who may.
        func entitled(_ operation: Operation) -> [(name: String, value: String)] {
            if operation.path == "/admin/shadow-webhook" { return [("X-Webhook-Secret", Self.secret)] }
            return switch operation.credentials {
            case .staff: partner.staff
            case .token: person
            case .client, .clientOrStaff, .apiKey, .keyOrSignature, .staffOrKey, .optional: [("X-API-Key", partner.key)]
            }
        }
    }

    static let all = Modules.operations

    /// Creating what exists changes nothing and tells no more than that; a claimed hub says that it is.
    static let founding: [String: Set<Int>] = [
        "POST /locks/{id}/CreateLock": [200], "POST /hubs/{id}/ProvisionHub": [200, 403], "POST /hubs/{id}/ClaimHub": [400, 403],
        "POST /matter-devices/{id}/CreateMatterDevice": [200, 403], "POST /rtsp-cameras/{id}/RegisterRtspCamera": [409],
    ]

    static func body(_ operation: Operation) -> (schemas: JSON.Object, required: Set<String>) {
        let fields = operation.fields.filter { $0.place == .body }
        return (JSON.Object(fields.map { ($0.name, $0.schema.json) }), Set(fields.filter { !$0.schema.isOptional }.map(\.name)))
    }

    @Test func `nobody gets anywhere without credentials`() async throws {
        try await TestTenants.with { world in
            for (_, operation) in Self.all where operation.credentials != .optional {
                let reply = try await world.call(operation, world.body(operation), as: [])
                #expect(reply.status == 401 && reply.body["error"] != nil, "\(operation.key): \(reply.status)")
                for forged in [(name: "X-API-Key", value: "spk_forged"), (name: "Authorization", value: "Bearer a.b.c")] {
                    let reply = try await world.call(operation, world.body(operation), as: [forged])
                    #expect(reply.status == 401, "\(operation.key): \(forged.name) \(reply.status)")
                }
            }
        }
    }

    @Test func `what belongs to a tenant is closed to the others`() async throws {
        try await TestTenants.with { world in
            let other = [(name: "X-API-Key", value: world.other.key)]
            // People belong to no tenant: rule U lets every API key act for them. A list shows a caller's own.
            let open: Set<String> = [
                "GET /temp-keys", "GET /hubs", "GET /matter-devices", "GET /rtsp-cameras", "GET /users/{id}/3deye-credentials",
                "GET /webhooks", "POST /webhooks", "GET /api-key", "GET /events", "GET /events/stream",
            ]
            for (module, operation) in Self.all
            where module != "identity" && operation.credentials != .optional && !open.contains(operation.key) {
                let reply = try await world.call(operation, world.body(operation), as: other)
                let wanted: Set<Int> =
                    [.staff, .token].contains(operation.credentials) ? [401] : Self.founding[operation.key] ?? [403, 404]
                #expect(wanted.contains(reply.status), "\(operation.key): \(reply.status) \(reply.body.encoded)")
                #expect(reply.status != 200 || reply.body["event"] == .null, "\(operation.key)")
            }
            let list = try await world.call(try #require(Self.all.first { $0.operation.key == "GET /temp-keys" }).operation, nil, as: other)
            #expect(list.status == 200 && !list.body.encoded.contains(world.names["uuid"] ?? "?"))
        }
    }

    @Test func `what belongs to a person is closed to strangers`() async throws {
        try await TestTenants.with { world in
            let open: Set<String> = ["GET /temp-keys", "GET /hubs", "GET /matter-devices", "GET /rtsp-cameras", "GET /cameras/my"]
            for (_, operation) in Self.all where operation.credentials != .optional && !open.contains(operation.key) {
                let reply = try await world.call(operation, world.body(operation), as: world.stranger)
                let takesTokens = [.client, .clientOrStaff].contains(operation.credentials) || operation.credentials == .token
                let wanted: Set<Int> = takesTokens ? Self.founding[operation.key] ?? [403, 404] : [401]
                #expect(wanted.contains(reply.status), "\(operation.key): \(reply.status) \(reply.body.encoded)")
                #expect(reply.status != 200 || reply.body["event"] == .null, "\(operation.key)")
            }
        }
    }

    @Test func `every broken constraint of a body is told by its name, and nothing happens`() async throws {
        try await TestTenants.with { world in
            let history = try await world.partner.history(Int(world.names["lock"] ?? "") ?? 0).count
            var count = 0
            for (_, operation) in Self.all where operation.method != .get {
                let (schemas, required) = Self.body(operation), whole = world.body(operation).members ?? [:]
                var cases: [(wrong: String, field: String, body: JSON.Object)] = []
                for member in schemas.members {
                    if required.contains(member.key) {
                        var less = whole
                        less[member.key] = nil
                        cases.append(("is missing", member.key, less))
                    }
                    for (wrong, value) in SchemaSamples.broken(member.value, named: member.key) {
                        cases.append((wrong, member.key, whole.merging([member.key: value])))
                    }
                }
                for (wrong, field, body) in cases {
                    let reply = try await world.call(operation, .object(body), as: world.entitled(operation))
                    if reply.status == 413, wrong.hasSuffix("is endless") { continue }
                    let isTold = reply.body.encoded.contains(field) || wrong.contains("unseen character")
                    #expect(
                        reply.status == 400 && isTold,
                        "\(operation.key): \(field) \(wrong): \(reply.status) \(reply.body.encoded.prefix(500))")
                    count += 1
                }
            }
            #expect(count > 300)
            #expect(try await world.partner.history(Int(world.names["lock"] ?? "") ?? 0).count == history)
        }
    }

    /// What paths and queries carry from outside: each is refused or unknown, none breaks anything.
    @Test func `rubbish in paths and queries is refused`() async throws {
        try await TestTenants.with { world in
            let rubbish = [
                "%00", "a%E2%80%AEb", "%ff%fe", "9223372036854775808", "-1", "1e3", "%2e%2e", String(repeating: "a", count: 5_000),
                "'%3B--", "e%CC%81", "%0a",
            ]
            for (_, operation) in Self.all {
                let steps = operation.path.split(separator: "/").map(String.init),
                    whole = world.path(operation).split(separator: "?", maxSplits: 1)
                var paths: [String] = []
                for (place, step) in steps.enumerated() where step.first == "{" {
                    var parts = whole[0].split(separator: "/").map(String.init)
                    for text in rubbish {
                        parts[place] = text
                        paths.append("/" + parts.joined(separator: "/") + (whole.count > 1 ? "?\(whole[1])" : ""))
                    }
                }
                for field in operation.fields where field.place == .query { paths += rubbish.map { "\(whole[0])?\(field.name)=\($0)" } }
                for path in paths {
                    let status = try await world.status(of: operation, at: path)
                    #expect(status < 500, "\(operation.key) \(path.prefix(200)): \(status)")
                }
            }
        }
    }
}
