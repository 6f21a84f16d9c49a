import Glibc
import Kernel
import KernelTesting
import Testing

@testable import HTTPClient

@Suite struct OutgoingTests {
    let client = HTTPClient(publicOnly: false)

    func failure(_ url: String, _ deadline: Duration = .milliseconds(600), client: HTTPClient? = nil) async -> OutgoingFailure? {
        do {
            _ = try await (client ?? self.client).send(OutgoingRequest("POST", url, body: [1], deadline: deadline))
            return nil
        } catch { return error as? OutgoingFailure }
    }

    func isTimedOut(_ server: RawServer) async -> Bool {
        let started = ContinuousClock.now
        guard case .timedOut = await failure(server.url) else { return false }
        return started.duration(to: .now) < .seconds(15)
    }

    @Test func `an answer comes with its status, headers and body`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno", to: connection)
        }
        defer { server.stop() }
        let answer = try await client.send(OutgoingRequest("GET", server.url))
        #expect(answer.status == 503 && answer.headers["retry-after"] == "7" && answer.body == Array("no".utf8))
    }

    @Test func `a server that says nothing is given up`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection); sleep(2)
        }
        defer { server.stop() }
        #expect(await isTimedOut(server))
    }

    @Test func `a server that says a byte now and then is given up`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", to: connection)
            for _ in 0..<200 { RawServer.say("x", to: connection); usleep(100_000) }
        }
        defer { server.stop() }
        #expect(await isTimedOut(server))
    }

    @Test func `where only the head matters, nothing that follows it undoes the answer`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", to: connection)
            let part = String(repeating: "x", count: 10_000)
            for _ in 0..<200 { RawServer.say(part, to: connection) }
        }
        defer { server.stop() }
        let dripping = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n", to: connection)
            usleep(1_500_000)
        }
        defer { dripping.stop() }
        for (url, status) in [(server.url, 200), (dripping.url, 202)] {
            let answer = try await client.send(OutgoingRequest("POST", url, body: [1], deadline: .milliseconds(600), wantsBody: false))
            #expect(answer.status == status && answer.body.isEmpty && answer.headers["link"] == nil)
        }
    }

    @Test func `a redirect is an answer, not followed`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { server.stop() }
        #expect(try await client.send(OutgoingRequest("GET", server.url)).status == 302)
    }

    @Test func `a connection that breaks is a failure`() async throws {
        let server = try RawServer { connection in
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        defer { server.stop() }
        guard case .failed = await failure(server.url) else { Issue.record("no failure"); return }
    }

    @Test func `an endless answer is cut off`() async throws {
        let server = try RawServer { connection in
            RawServer.hear(connection)
            RawServer.say("HTTP/1.1 200 OK\r\n\r\n", to: connection)
            let block = String(repeating: "x", count: 65_536)
            for _ in 0..<40 { RawServer.say(block, to: connection) }
        }
        defer { server.stop() }
        #expect(await failure(server.url, .seconds(30)) == .tooLarge)
    }

    @Test func `private addresses are refused when the connection is opened, whatever the name`() async throws {
        let server = try RawServer { connection in RawServer.hear(connection) }
        defer { server.stop() }
        let vetted = HTTPClient(publicOnly: true)
        for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"] {
            #expect(await failure("http://\(host):\(server.port)/", client: vetted) == .forbiddenAddress, "\(host)")
        }
        vetted.stop()
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"]) func `other schemes are refused`(url: String) async
    {
        guard case .failed = await failure(url) else { Issue.record("\(url)"); return }
    }

    @Test(
        arguments: [
            ([8, 8, 8, 8], true), ([10, 0, 0, 1], false), ([127, 0, 0, 1], false), ([169, 254, 169, 254], false), ([172, 16, 0, 1], false),
            ([172, 32, 0, 1], true),
            ([192, 168, 0, 1], false), ([100, 64, 0, 1], false), ([0, 0, 0, 0], false), ([224, 0, 0, 1], false),
            ([255, 255, 255, 255], false), ([198, 18, 0, 1], false),
            ([192, 0, 2, 1], false), ([203, 0, 113, 9], false), ([], false),
        ] as [([UInt8], Bool)]) func `IPv4 addresses are public or not`(bytes: [UInt8], isPublic: Bool)
    { #expect(Address(bytes: bytes).isPublic == isPublic) }

    @Test(arguments: [
        ("2606:4700::1111", true), ("::1", false), ("::", false), ("fe80::1", false), ("fc00::1", false), ("ff02::1", false),
        ("2001:db8::1", false),
        ("::ffff:10.0.0.1", false), ("::ffff:8.8.8.8", true), ("64:ff9b::a00:1", false), ("2002:a00:1::", false), ("2001::1", false),
    ]) func `IPv6 addresses are public or not`(text: String, isPublic: Bool) {
        var address = in6_addr()
        inet_pton(AF_INET6, text, &address)
        #expect(Address(bytes: withUnsafeBytes(of: address) { Array($0) }).isPublic == isPublic)
    }
}
