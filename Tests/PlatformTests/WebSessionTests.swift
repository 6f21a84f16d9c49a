import Application
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Host

@Suite final class WebSessionTests: Sendable {
    private let session = WebSession(sub: "auth0|1", email: "ann@acme.example", orgId: "acme", csrf: "token")
    private let clock = Mutex(Timestamp(milliseconds: 1_000_000))

    private func services() throws -> Services {
        let fake = FakeServices().services("alpha")
        return Services(
            module: "alpha", store: fake.store, bus: fake.bus, vault: try CryptoVault(ring: CryptoVault.development).port,
            directory: fake.directory, ports: Ports(),
            settings: SettingValues(), log: fake.log, clock: { self.clock.withLock { $0 } })
    }

    private func request(_ cookie: Cookie, as name: String? = nil, value: String? = nil) -> Request {
        Request(
            headers: ["cookie": "other=1; \(name ?? cookie.name)=\(value ?? cookie.value)"],
            attempt: Attempt(now: Timestamp(milliseconds: 0)))
    }

    @Test(arguments: [true, false]) func `a session comes back as it was, until its end`(isSecure: Bool) throws {
        let services = try services(), cookie = try WebSession.cookie.setting(session, isSecure: isSecure, services)
        #expect(cookie.name == (isSecure ? "__Host-spk_session" : "spk_session") && Cookie.isValue(cookie.value))
        #expect(cookie.header.contains("HttpOnly") && cookie.header.contains("SameSite=Lax") && cookie.header.contains("Path=/;"))
        #expect(WebSession.cookie.value(in: request(cookie), isSecure: isSecure, services) == session)
        clock.withLock { $0 = $0 + .seconds(8 * 3_600) - .milliseconds(1) }
        #expect(WebSession.cookie.value(in: request(cookie), isSecure: isSecure, services) == session)
        clock.withLock { $0 = $0 + .milliseconds(1) }
        #expect(WebSession.cookie.value(in: request(cookie), isSecure: isSecure, services) == nil)
    }

    @Test func `a session that was altered, or signed for another cookie, is none`() throws {
        let services = try services(), cookie = try WebSession.cookie.setting(session, isSecure: true, services)
        var other = session
        other.orgId = "other"
        let forged = try WebSession.cookie.setting(other, isSecure: true, services).value.split(separator: ".")[0]
        let signature = cookie.value.split(separator: ".")[1]
        let another = try SignedCookie<WebSession>("spk_state", lifetime: .seconds(600)).setting(session, isSecure: true, services).value
        for value in ["\(forged).\(signature)", another, "", ".", "a.b", "\(cookie.value)x", String(cookie.value.dropLast(4)), "a.b.c"] {
            #expect(WebSession.cookie.value(in: request(cookie, value: value), isSecure: true, services) == nil, "\(value)")
        }
        #expect(WebSession.cookie.value(in: request(cookie, as: "spk_session"), isSecure: true, services) == nil)
    }

    @Test(arguments: [nil, "", "other", "toke", "token "] as [String?]) func `a form without the session's token is refused`(token: String?)
    {
        #expect(throws: RequestError.self) { try session.checkForgery(token) }
    }

    @Test func `a form with it is taken`() { #expect(throws: Never.self) { try session.checkForgery("token") } }

    @Test func `two sessions have different tokens`() {
        #expect(WebSession(sub: "a", email: "a", orgId: nil).csrf != WebSession(sub: "a", email: "a", orgId: nil).csrf)
    }

    @Test func `a message is read once, by the session that it is for, and by nobody else`() throws {
        let services = try services(), cookie = try Flash("spk_secret").setting(for: session, isSecure: true, services)
        #expect(Cookie.isValue(cookie.value))
        let taken = try #require(Flash.take(from: request(cookie), for: session, isSecure: true, services))
        #expect(taken.0 == Flash("spk_secret") && taken.1.value.isEmpty && taken.1.header.contains("Max-Age=1"))
        let stranger = WebSession(sub: "b", email: "b", orgId: nil, csrf: "another")
        #expect(Flash.take(from: request(cookie), for: stranger, isSecure: true, services) == nil)
        #expect(Flash.take(from: request(cookie, value: "rubbish"), for: session, isSecure: true, services) == nil)
    }
}
