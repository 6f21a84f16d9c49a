import Crypto
import Foundation
import HTTPClient
import Kernel
import Testing

/// An answer of the platform.
struct Reply: Sendable {
    let status: Int
    let headers: [String: String]
    let body: JSON
}

/// A partner's engineer at work: a tenant with its key, calling the API.
struct Partner: Sendable {
    let installation: Installation
    let org: String
    let key: String
    let staff: [(name: String, value: String)]

    init(_ installation: Installation) async throws {
        self.installation = installation
        org = "org-\(UUID().uuidString.prefix(8).lowercased())"
        let token = try await installation.spkey("token", "--email", "test@smartphonekey.com")
        staff = [("X-Admin-API-Key", "staff-key"), ("Authorization", "Bearer \(token)")]
        _ = try await Self.call(installation, "POST", "/tenants/\(org)/register", ["orgName": "Org", "ownerEmail": "o@example.com"], staff)
        key =
            try await Self.call(installation, "POST", "/api-keys", ["orgId": .string(org), "orgName": "Org"], staff).body["apiKey"]?.text
            ?? ""
    }

    func call(_ method: String, _ path: String, _ body: JSON? = nil, headers: [(name: String, value: String)] = []) async throws -> Reply {
        try await Self.call(installation, method, path, body, [("X-API-Key", key)] + headers)
    }

    func asStaff(_ method: String, _ path: String, _ body: JSON? = nil, headers: [(name: String, value: String)] = []) async throws -> Reply
    {
        try await Self.call(installation, method, path, body, staff + headers)
    }

    /// A new user; answers the id.
    func user() async throws -> String {
        let id = UUID().uuidString.lowercased()
        let reply = try await call(
            "POST", "/users/\(id)/CreateUser",
            ["userId": .string(id), "email": .string("\(id)@example.com"), "firstName": "Ann", "lastName": "Example"])
        #expect(reply.status == 201, "\(reply)")
        return id
    }

    /// The headers of a person who has signed in.
    func signedIn(_ user: String) async throws -> [(name: String, value: String)] {
        [("Authorization", "Bearer \(try await installation.spkey("token", "--user-id", user))")]
    }

    func call(_ method: String, _ path: String, _ body: JSON? = nil, as person: [(name: String, value: String)]) async throws -> Reply {
        try await Self.call(installation, method, path, body, person)
    }

    /// The commands that went to a lock, in their order.
    func commands(_ lock: Int) async throws -> [String] {
        let messages = try await call("GET", "/locks/\(lock)/debug/messages?limit=200").body["messages"]?["command"]?.items ?? []
        return messages.reversed().compactMap { $0["payload"]?["command"]?.text }
    }

    static func call(
        _ installation: Installation, _ method: String, _ path: String, _ body: JSON?, _ headers: [(name: String, value: String)]
    ) async throws -> Reply {
        let url = "http://127.0.0.1:\(installation.port)\(path)"
        let request = OutgoingRequest(
            method, url, headers: headers + [("Content-Type", "application/json")], body: body?.bytes, deadline: .seconds(20))
        let response = try await installation.client.send(request)
        let reply = Reply(status: response.status, headers: response.headers, body: (try? JSON.parse(response.body, depth: 64)) ?? .null)
        SchemaCheck.check(reply, to: method, path)
        return reply
    }

    /// A new lock; answers its number and its uuid.
    func lock() async throws -> (number: Int, uuid: String) {
        let number = Int.random(in: 1...1 << 40), uuid = UUID().uuidString.lowercased()
        let reply = try await call("POST", "/locks/\(number)/CreateLock", ["index": .int(Int64(number)), "uuid": .string(uuid)])
        #expect(reply.status == 201, "\(reply)")
        return (number, uuid)
    }

    /// Subscribes an address to everything.
    func subscribe(_ url: String, secret: String = "whsec_c2VjcmV0") async throws {
        let reply = try await asStaff("POST", "/tenants/\(org)/webhooks", ["url": .string(url), "secret": .string(secret)])
        #expect(reply.status == 201, "\(reply)")
    }

    func history(_ lock: Int) async throws -> [JSON] {
        let first = try await call("GET", "/locks/\(lock)/events?page=1")
        var events = first.body["events"]?.items ?? []
        let pages = Int(first.body["totalPages"]?.integer ?? 1)
        for page in stride(from: 2, through: pages, by: 1) {
            events += try await call("GET", "/locks/\(lock)/events?page=\(page)").body["events"]?.items ?? []
        }
        return events
    }
}
