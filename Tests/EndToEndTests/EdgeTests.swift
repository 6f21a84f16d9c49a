import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Testing

/// What the edge does with clients that are slow, greedy or wrong.
@Suite struct EdgeTests {
    func with(_ body: @escaping @Sendable (Installation, Partner) async throws -> Void) async throws {
        try await Installation.with(.sqlite) { installation in try await body(installation, try await Partner(installation)) }
    }

    @Test func `a client that does not finish its headers is cut off`() async throws {
        try await with { installation, _ in
            let started = ContinuousClock.now, client = try RawClient(port: installation.port)
            client.say("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            #expect(try await client.untilClosed(within: .seconds(14)) != nil)
            #expect(started.duration(to: .now) > .seconds(8))
            let dripping = try RawClient(port: installation.port)
            let drip = Task {
                for _ in 0..<200 where !Task.isCancelled { dripping.say("a"); try await Task.sleep(for: .milliseconds(200)) }
            }
            #expect(try await dripping.untilClosed(within: .seconds(14)) != nil)
            drip.cancel()
        }
    }

    @Test func `a client that does not finish its body is answered`() async throws {
        try await with { installation, partner in
            let client = try RawClient(port: installation.port)
            client.say("POST /locks/1/OpenLock HTTP/1.1\r\nHost: x\r\nX-API-Key: \(partner.key)\r\nContent-Length: 100\r\n\r\n{")
            #expect(try await client.answer(within: .seconds(36)).hasPrefix("HTTP/1.1 400"))
            #expect(try await client.untilClosed(within: .seconds(10)) != nil)
        }
    }

    @Test func `a body that drips behind an answer ends`() async throws {
        try await with { installation, _ in
            let client = try RawClient(port: installation.port)
            client.say("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
            let drip = Task { for _ in 0..<200 where !Task.isCancelled { client.say("a"); try await Task.sleep(for: .milliseconds(250)) } }
            #expect(try await client.untilClosed(within: .seconds(40)) != nil)
            drip.cancel()
        }
    }

    @Test func `the next head on a kept connection has its time too`() async throws {
        try await with { installation, _ in
            let client = try RawClient(port: installation.port)
            client.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.answer(within: .seconds(5)).hasPrefix("HTTP/1.1 200"))
            let started = ContinuousClock.now
            client.say("GET /healthz HTTP/1.1\r\nX-Slow: ")
            #expect(try await client.untilClosed(within: .seconds(14)) != nil)
            #expect(started.duration(to: .now) > .seconds(8))
        }
    }

    @Test func `an address has so many connections and no more`() async throws {
        try await with { installation, _ in
            let clients = try (0..<530).map { _ in try RawClient(port: installation.port) }
            var closed = 0
            _ = try await eventually {
                closed = 0
                for client in clients.suffix(40) where try await client.untilClosed(within: .zero) != nil { closed += 1 }
                return closed >= 15
            }
            #expect((15...30).contains(closed))
            clients[0].say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await clients[0].answer(within: .seconds(5)).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `sizes are limited`() async throws {
        try await with { installation, partner in
            let large = try await partner.call("POST", "/locks/1/OpenLock", ["reason": .string(String(repeating: "x", count: 1 << 20))])
            #expect(large.status == 400 && large.body["message"]?.text?.contains("1048576") == true)
            var deep: JSON = 1
            for _ in 0..<40 { deep = ["a": deep] }
            #expect(try await partner.call("POST", "/locks/1/OpenLock", ["reason": deep]).status == 400)
            #expect(try await partner.call("GET", "/locks/" + String(repeating: "1", count: 3_000) + "/details").status == 400)
            #expect(
                try await partner.call("POST", "/locks/1/OpenLock", headers: [("Idempotency-Key", String(repeating: "k", count: 256))])
                    .status == 400)
            let many = (0..<150).map { (name: "X-\($0)", value: "v") }
            #expect(try await partner.call("GET", "/locks/1/details", headers: many).status >= 400)
        }
    }

    @Test func `every answer says what is left of the rate limit`() async throws {
        try await Installation.with(.sqlite, settings: ["SPKEY_RATE_LIMIT": "3"]) { installation in
            let partner = try await Partner(installation)
            var told: [String] = []
            for _ in 0..<4 {
                let reply = try await partner.call("GET", "/locks/1/details")
                told.append("\(reply.status) \(reply.headers["ratelimit-limit"] ?? "") \(reply.headers["ratelimit-remaining"] ?? "")")
            }
            #expect(told.last == "429 3 0" && told.first == "404 3 2", "\(told)")
        }
    }

    @Test func `addresses take HEAD as GET, and name the methods they take`() async throws {
        try await with { installation, partner in
            let get = try await partner.call("GET", "/openapi.json"), head = try await partner.call("HEAD", "/openapi.json")
            #expect(
                head.status == 200 && head.headers["content-length"] == get.headers["content-length"]
                    && head.headers["content-type"] == "application/json")
            #expect(try await partner.call("HEAD", "/locks/1/details").status == 404)
            #expect(try await partner.call("HEAD", "/nowhere").status == 404)
            let wrong = try await partner.call("PUT", "/locks/1/OpenLock")
            #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
            let options = try await partner.call(
                "OPTIONS", "/locks/1/details", headers: [("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET")])
            #expect(
                options.status == 405 && options.headers["allow"] == "GET, HEAD" && options.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test func `pages of the origins that are set may call, and no others`() async throws {
        try await Installation.with(.sqlite, settings: ["SPKEY_CORS_ORIGINS": "https://app.example"]) { installation in
            let partner = try await Partner(installation)
            func ask(_ origin: String) async throws -> Reply {
                try await partner.call(
                    "OPTIONS", "/locks/1/OpenLock", headers: [("Origin", origin), ("Access-Control-Request-Method", "POST")])
            }
            let allowed = try await ask("https://app.example"), other = try await ask("https://evil.example")
            #expect(allowed.status == 204 && allowed.headers["access-control-allow-origin"] == "https://app.example")
            #expect(allowed.headers["access-control-allow-methods"] == "POST")
            #expect(other.status == 405 && other.headers["access-control-allow-origin"] == nil)
            let read = try await partner.call("GET", "/healthz", headers: [("Origin", "https://app.example")])
            #expect(
                read.headers["access-control-allow-origin"] == "https://app.example" && read.headers["vary"]?.contains("Origin") == true)
        }
    }

    @Test func `who asks whether the body may come is told at once`() async throws {
        try await with { installation, partner in
            let client = try RawClient(port: installation.port), started = ContinuousClock.now
            client.say(
                "POST /locks/1/OpenLock HTTP/1.1\r\nHost: x\r\nX-API-Key: \(partner.key)\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            #expect(try await client.says("HTTP/1.1 100", within: .seconds(5)))
            client.say("{}")
            #expect(try await client.answer(within: .seconds(5)).contains("HTTP/1.1 404"))
            #expect(started.duration(to: .now) < .seconds(10))
            let tooLarge = try RawClient(port: installation.port)
            tooLarge.say(
                "POST /locks/1/OpenLock HTTP/1.1\r\nHost: x\r\nX-API-Key: \(partner.key)\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
            )
            #expect(try await tooLarge.answer(within: .seconds(5)).hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `metrics are for this machine, and elsewhere for who has a credential`() async throws {
        try await with { installation, partner in
            let near = try await partner.call("GET", "/metrics"),
                far = try await partner.call("GET", "/metrics", headers: [("X-Forwarded-For", "192.0.2.1")])
            let staff = try await partner.call(
                "GET", "/metrics", headers: [("X-Forwarded-For", "192.0.2.1"), ("X-Admin-API-Key", "staff-key")])
            #expect(near.status == 200 && far.status == 401 && staff.status == 200)
        }
    }

    @Test func `one process serves a file, and a second on the same port takes nothing from the first`() async throws {
        try await with { installation, partner in
            let second = try installation.serve([], on: installation.port + 1)
            try await second.wait()
            #expect(second.status == 78)
            #expect(try String(contentsOf: second.output, encoding: .utf8).contains("another process serves"))
            let lock = try await partner.lock()
            #expect(try await partner.call("POST", "/locks/\(lock.number)/OpenLock").status == 200)
        }
    }

    @Test func `every answer has the error body and a request id`() async throws {
        try await with { installation, partner in
            for (method, path, status) in [
                ("GET", "/nowhere", 404), ("DELETE", "/locks/1/details", 405), ("GET", "/locks/x/details", 400),
                ("GET", "/locks/1/details", 404),
            ] {
                let reply = try await partner.call(method, path, headers: [("X-Request-Id", "mine-1")])
                #expect(reply.status == status && reply.headers["x-request-id"] == "mine-1", "\(method) \(path): \(reply)")
                #expect(reply.body["success"] == false && reply.body["error"]?.text != nil && reply.body["message"]?.text != nil)
                #expect(reply.body["errors"]?.items?.first?["code"] == .int(Int64(status)))
            }
            let spaced = try await partner.call("GET", "/locks/1/details", headers: [("X-Request-Id", "not harmless")])
            #expect(spaced.headers["x-request-id"] != "not harmless")
        }
    }

    @Test func `the documents need nothing from elsewhere`() async throws {
        try await with { installation, partner in
            let url = "http://127.0.0.1:\(installation.port)"
            let page = String(decoding: try await installation.client.send(OutgoingRequest("GET", "\(url)/docs")).body, as: UTF8.self)
            #expect(
                page.contains("/locks/{id}/OpenLock") && !page.contains("<script") && !page.contains("href=\"http")
                    && !page.contains("src="))
            let document = try await partner.call("GET", "/openapi.json").body
            #expect(document["openapi"] == "3.1.0" && (document["paths"]?.members?.count ?? 0) > 20)
            let metrics = String(decoding: try await installation.client.send(OutgoingRequest("GET", "\(url)/metrics")).body, as: UTF8.self)
            #expect(metrics.contains("# TYPE http_requests_total counter"))
        }
    }

    @Test func `what has begun is finished when the server is asked to stop`() async throws {
        try await with { installation, partner in
            let lock = try await partner.lock(), body = #"{"keyUuid":"late"}"#
            let client = try RawClient(port: installation.port)
            client.say(
                "POST /locks/\(lock.number)/AddKey HTTP/1.1\r\nHost: x\r\nX-API-Key: \(partner.key)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body.prefix(5))
            // The server has it in hand when another request that came later is answered.
            #expect(try await partner.call("GET", "/locks/\(lock.number)/details").status == 200)
            installation.server.signal(SIGTERM)
            let isShut = try await eventually { (try? RawClient(port: installation.port)) == nil }
            #expect(isShut)
            client.say(String(body.dropFirst(5)))
            #expect(try await client.answer(within: .seconds(8)).hasPrefix("HTTP/1.1 200"))
            try await installation.server.wait()
            #expect(installation.server.status == 0)
        }
    }

    @Test func `no number is too large to be refused`() async throws {
        try await with { installation, partner in
            let lock = try await partner.lock()
            for name in ["cursor", "fromVersion", "toVersion"] {
                #expect(
                    try await partner.asStaff("GET", "/admin/aggregates/lock/\(lock.number)/events?\(name)=9223372036854775807").status
                        == 400, "\(name)")
            }
            #expect(try await partner.call("GET", "/healthz").status == 200)
        }
    }
}
