import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Synchronization
import Testing

/// The portal as a partner's engineer sees it, and as those who would be somebody else.
@Suite(.serialized) struct PortalTests {
    /// A browser without script: it keeps cookies and follows nothing by itself.
    final class Visitor: Sendable {
        private let installation: Installation
        private let cookies = Mutex<[String: String]>([:])

        init(_ installation: Installation) { self.installation = installation }

        struct Page {
            let status: Int
            let location: String
            let text: String
            /// What the forms of the page carry.
            var csrf: String { text.firstMatch(of: /name="csrf" value="([^"]+)"/).map { String($0.1) } ?? "" }
            var keys: [String] { text.matches(of: /\b[A-Za-z0-9]{40}\b/).map { String($0.0) } }
        }

        func visit(_ path: String, form: [String: String]? = nil) async throws -> Page {
            let url = path.hasPrefix("http") ? path : "http://127.0.0.1:\(installation.port)\(path)"
            let body = form.map { fields in
                fields.map { "\(PercentEncoding.encode($0.utf8))=\(PercentEncoding.encode($1.utf8))" }.joined(separator: "&")
            }
            var headers = [(name: "Cookie", value: cookies.withLock { $0 }.map { "\($0)=\($1)" }.joined(separator: "; "))]
            if body != nil { headers.append((name: "Content-Type", value: "application/x-www-form-urlencoded")) }
            let response = try await installation.client.send(
                OutgoingRequest(
                    form == nil ? "GET" : "POST", url, headers: headers, body: body.map { Array($0.utf8) }, deadline: .seconds(20)))
            for cookie in response.cookies { keep(cookie) }
            return Page(
                status: response.status, location: response.headers["location"] ?? "",
                text: String(decoding: response.body, as: UTF8.self))
        }

        private func keep(_ header: String) {
            let pair = header.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            cookies.withLock { $0[pair[0]] = pair[1].isEmpty ? nil : pair[1] }
        }

        func set(_ name: String, _ value: String?) { cookies.withLock { $0[name] = value } }
        func cookie(_ name: String) -> String? { cookies.withLock { $0[name] } }

        /// Signs in; returns what the portal answers when the person comes back.
        func signIn() async throws -> Page {
            let there = try await visit("/portal/auth/login")
            #expect(there.status == 303, "\(there)")
            return try await visit(try await visit(there.location).location)
        }

        func register(_ org: String) async throws -> Page {
            #expect(try await signIn().location == "/portal/onboarding")
            let page = try await visit("/portal/onboarding")
            let made = try await visit("/portal/onboarding", form: ["csrf": page.csrf, "orgId": org, "orgName": "Acme & sons"])
            #expect(made.status == 303 && made.location == "/portal/dashboard", "\(made)")
            return try await visit("/portal/dashboard")
        }
    }

    private static func with(
        _ layout: Layout = .sqlite, _ body: @escaping @Sendable (Installation, IdentityProvider) async throws -> Void
    ) async throws {
        try await IdentityProvider.with { provider in
            try await Installation.with(layout, settings: provider.settings) { installation in try await body(installation, provider) }
        }
    }

    private static func works(_ key: String, _ installation: Installation) async throws -> Bool {
        try await Partner.call(installation, "GET", "/locks/1/details", nil, [("X-API-Key", key)]).status == 404
    }

    @Test(arguments: Layout.testable) func `a partner registers, gets a key that is shown once, sets a webhook and signs out`(
        layout: Layout
    ) async throws {
        try await Self.with(layout) { installation, provider in
            let visitor = Visitor(installation), org = "acme-\(UUID().uuidString.prefix(8).lowercased())"
            provider.signIn(as: "Ann.\(org)@Example.com")
            #expect(try await visitor.visit("/portal/").text.contains("/portal/auth/login"))
            let dashboard = try await visitor.register(org), key = try #require(dashboard.keys.first)
            #expect(dashboard.text.contains(org) && dashboard.text.contains("Acme &amp; sons"))
            #expect(try await Self.works(key, installation))
            let again = try await visitor.visit("/portal/dashboard")
            #expect(again.keys.isEmpty && again.text.contains("\(key.prefix(8))…\(key.suffix(4))"))

            #expect(try await visitor.visit("/portal/api-key/rotate", form: ["csrf": again.csrf]).status == 303)
            let rotated = try await visitor.visit("/portal/dashboard"), new = try #require(rotated.keys.first)
            let isOldDead = try await !Self.works(key, installation), isNewAlive = try await Self.works(new, installation)
            #expect(isOldDead && isNewAlive)

            let url = "https://partner.example.com/hook?a=1&b=2"
            #expect(try await visitor.visit("/portal/webhook", form: ["csrf": again.csrf, "url": url]).status == 303)
            #expect(try await visitor.visit("/portal/dashboard").text.contains("https://partner.example.com/hook?a=1&amp;b=2"))
            for bad in ["http://partner.example.com/hook", "https://", "javascript:alert(1)", "https://u:p@example.com/", ""] {
                let refused = try await visitor.visit("/portal/webhook", form: ["csrf": again.csrf, "url": bad])
                #expect(refused.status == 400 && refused.text.contains("role=\"alert\""), "\(bad)")
            }
            // The next time the same person comes to the dashboard, with another spelling of the address too.
            provider.signIn(as: "ann.\(org)@example.com")
            #expect(try await Visitor(installation).signIn().location == "/portal/dashboard")

            #expect(try await visitor.visit("/portal/logout", form: ["csrf": again.csrf]).location == "/portal/")
            #expect(try await visitor.visit("/portal/dashboard").location == "/portal/")
        }
    }

    @Test func `an id is registered once, and what is wrong with a form is said in it`() async throws {
        try await Self.with { installation, provider in
            let first = Visitor(installation), second = Visitor(installation)
            provider.signIn(as: "first@example.com")
            _ = try await first.register("taken-corp")
            provider.signIn(as: "second@example.com")
            _ = try await second.signIn()
            let page = try await second.visit("/portal/onboarding")
            func register(_ org: String, _ name: String) async throws -> Visitor.Page {
                try await second.visit("/portal/onboarding", form: ["csrf": page.csrf, "orgId": org, "orgName": name])
            }
            let taken = try await register("taken-corp", "Second")
            #expect(taken.status == 409 && taken.text.contains("role=\"alert\"") && taken.text.contains("value=\"taken-corp\""))
            for (org, name) in [("ab", "N"), ("Big-Corp", "N"), ("staff", "N"), ("-corp", "N"), ("a corp", "N"), ("acme-2", " ")] {
                #expect(try await register(org, name).status == 400, "\(org)")
            }
            let twice = try await register("<b>\"", "")
            #expect(twice.text.contains("&lt;b&gt;&quot;") && twice.text.matches(of: /<li>/).count == 2)
            #expect(try await register(" second-corp ", "Second").status == 303)
            // The form once more, as by a double click: nothing new, and no error.
            #expect(try await register("second-corp", "Second").location == "/portal/dashboard")
            // A tenant that the operator has given to somebody else is nobody's by its name.
            #expect(try await second.visit("/portal/dashboard").text.contains("second-corp"))
        }
    }

    @Test(arguments: IdentityProvider.Mistake.allCases)
    func `a token that is not of this sign-in lets nobody in`(mistake: IdentityProvider.Mistake) async throws {
        try await Self.with { installation, provider in
            let visitor = Visitor(installation)
            provider.signIn(as: "mallory@example.com", making: mistake)
            let back = try await visitor.signIn()
            #expect(back.status == ([.unverified, .noEmail].contains(mistake) ? 403 : 400), "\(back)")
            #expect(try await visitor.visit("/portal/dashboard").location == "/portal/")
        }
    }

    @Test func `a sign-in belongs to the browser that began it, and its code counts once`() async throws {
        try await Self.with { installation, provider in
            let victim = Visitor(installation), thief = Visitor(installation)
            provider.signIn(as: "victim@example.com")
            func begin(_ visitor: Visitor) async throws -> String {
                try await visitor.visit(try await visitor.visit("/portal/auth/login").location).location
            }
            let callback = try await begin(victim)
            #expect(try await thief.visit(callback).status == 400)
            _ = try await begin(thief)
            #expect(try await thief.visit(callback).status == 400, "another browser's state")
            #expect(try await victim.visit(callback).status == 303)
            #expect(try await victim.visit(callback).status == 400, "the code is used up")
            // The thief's own state with the victim's code: PKCE.
            let fresh = try await begin(victim), own = try await begin(thief)
            let code = fresh.firstMatch(of: /code=([^&]+)/).map { String($0.1) } ?? ""
            let mixed = own.replacing(/code=[^&]+/, with: "code=\(code)")
            #expect(try await thief.visit(mixed).status == 400)
            #expect(try await thief.visit("/portal/dashboard").location == "/portal/")
        }
    }

    @Test func `forms are taken of one's own session only, and a session cannot be written by its browser`() async throws {
        try await Self.with { installation, provider in
            let ann = Visitor(installation), bob = Visitor(installation)
            provider.signIn(as: "ann@example.com")
            let own = try await ann.register("ann-corp")
            provider.signIn(as: "bob@example.com")
            let others = try await bob.register("bob-corp")
            for path in ["/onboarding", "/api-key/rotate", "/webhook", "/logout"] {
                for token in ["", "rubbish", others.csrf] {
                    let refused = try await ann.visit("/portal\(path)", form: ["csrf": token, "url": "https://evil.example/"])
                    #expect(refused.status == 403, "\(path)")
                }
                #expect(try await Visitor(installation).visit("/portal\(path)", form: ["csrf": own.csrf]).status == 401)
            }
            let session = try #require(ann.cookie("spk_session"))
            let content = session.split(separator: ".").first.flatMap { Base64.decode($0) } ?? []
            let forged = String(decoding: content, as: UTF8.self).replacing("ann-corp", with: "bob-corp")
            ann.set("spk_session", Base64.encode(Array(forged.utf8)) + "." + session.split(separator: ".").last!)
            #expect(try await ann.visit("/portal/dashboard").location == "/portal/")
        }
    }

    @Test func `without a provider every page says so, and with one that is away the sign-in does`() async throws {
        try await Installation.with(.sqlite) { installation in
            let visitor = Visitor(installation)
            for path in ["/", "/auth/login", "/auth/callback", "/onboarding", "/dashboard"] {
                let page = try await visitor.visit("/portal" + path)
                #expect(page.status == 503, "\(path)")
            }
            let form = try await visitor.visit("/portal/logout", form: [:])
            #expect(form.status == 503)
        }
        try await Self.with { installation, provider in
            provider.set(isDown: true)
            let visitor = Visitor(installation), started = ContinuousClock.now
            let away = try await visitor.visit("/portal/auth/login")
            #expect(away.status == 503)
            #expect(started.duration(to: .now) < .seconds(12))
            provider.set(isDown: false)
            provider.signIn(as: "ann@example.com")
            let back = try await visitor.signIn()
            #expect(back.status == 303)
        }
    }

    @Test(arguments: ["en", "el"]) func `the portal can be used by everybody in a browser`(language: String) async throws {
        try await Self.with { installation, provider in
            provider.signIn(as: "browser-\(language)@example.com")
            try await Browser.with(language: language) { browser in
                let base = "http://127.0.0.1:\(installation.port)/portal"
                func look(_ name: String) async throws {
                    #expect(try await browser.attribute("lang", of: "html") == language)
                    let violations = try await browser.violations()
                    #expect(violations.isEmpty, "\(name): \(violations)")
                    let isWide = try await browser.evaluate("return document.documentElement.scrollWidth > innerWidth")
                    #expect(isWide == false, "\(name) is wider than a phone")
                    try await browser.photograph("portal-\(name)-\(language)")
                }
                try await browser.open(base + "/")
                try await look("landing")
                try await browser.click("a.button")
                #expect(try await eventually { try await browser.address().hasSuffix("/portal/onboarding") })
                try await browser.press("No good", on: "#org")
                try await browser.press("Browser corp", on: "#name")
                try await browser.click("main button")
                #expect(try await eventually { (try? await browser.attribute("role", of: "div.alert")) == "alert" })
                try await look("mistakes")
                _ = try await browser.evaluate("document.getElementById('org').value=''")
                try await browser.press("browser-\(language)", on: "#org")
                try await browser.click("main button")
                #expect(try await eventually { try await browser.address().hasSuffix("/portal/dashboard") })
                try await browser.click("summary")
                #expect(try await browser.text("code.key").count == 40)
                try await look("dashboard")
                try await browser.press("https://partner.example.com/hook", on: "#url")
                try await browser.click("section:last-of-type button")
                let isSet = try await eventually { try await browser.source().contains("https://partner.example.com/hook") }
                #expect(isSet)
                try await look("webhook")
                try await browser.click("header button")
                #expect(try await eventually { try await browser.address().hasSuffix("/portal/") })
            }
        }
    }
}
