import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Testing

/// The pages for guests in a real browser, against a running server with simulated locks.
@Suite(.serialized, .enabled(if: Browser.isInstalled, "chromedriver is not installed")) struct GuestPageTests {
    struct Guest: Sendable {
        let installation: Installation
        let partner: Partner

        var url: String { "http://127.0.0.1:\(installation.port)" }

        func window(from: Duration = .seconds(-60), until: Duration = .seconds(3_600)) -> JSON.Object {
            ["validFrom": (Installation.now + from).json, "validUntil": (Installation.now + until).json]
        }

        /// A key for two doors; answers its path and its PIN.
        func key(_ locks: [Int], _ window: JSON.Object, method: String = "both") async throws -> (path: String, pin: String) {
            let doors = zip(locks, ["Front <door> & \"gate\"", "Flat 3"]).map { lock, label -> JSON in
                ["lockId": .int(Int64(lock)), "label": .string(label), "accessMethod": .string(method)]
            }
            let reply = try await partner.call("POST", "/temp-keys", .object(window.merging(["doors": .array(doors)])))
            #expect(reply.status == 201, "\(reply)")
            return (reply.body["url"]?.text ?? "", reply.body["pin"]?.text ?? "")
        }
    }

    func with(_ settings: [String: String] = [:], _ body: @escaping @Sendable (Guest) async throws -> Void) async throws {
        try await Installation.with(.sqlite, settings: settings) { installation in
            try await body(Guest(installation: installation, partner: try await Partner(installation)))
        }
    }

    @Test(arguments: [("en", "Your key", "The door is open"), ("el", "Το κλειδί σας", "Η πόρτα άνοιξε")])
    func `a guest slides, and the page says what the lock has said`(language: String, heading: String, outcome: String) async throws {
        try await with { guest in
            let locks = [try await guest.partner.lock().number, try await guest.partner.lock().number]
            let (path, pin) = try await guest.key(locks, guest.window())
            try await Browser.with(language: language) { browser in
                try await browser.open(guest.url + path)
                #expect(try await browser.text("h1") == heading)
                #expect(try await browser.attribute("lang", of: "html") == language)
                #expect(try await browser.text("#door-1") == "Front <door> & \"gate\"")
                #expect(try await browser.text(".pin") == pin)
                #expect(try await browser.violations() == [])
                #expect(try await browser.evaluate("return document.documentElement.scrollWidth<=innerWidth") == true)
                try await browser.photograph("key-\(language)")
                // Half a slide opens nothing, and neither does a tap.
                try await browser.slide("form button", by: 0.4)
                try await browser.click("form button")
                #expect(try await browser.address().hasSuffix(path))
                #expect(try await guest.partner.history(locks[0]).compactMap { $0["type"]?.text } == ["LockCreated", "TempKeyCreated"])
                try await browser.slide("form button", by: 1)
                let isFollowed = try await eventually { try await browser.address().contains("/confirmation?door=1&action=") }
                #expect(isFollowed)
                let isOpen = try await eventually { await browser.shows("open", in: "data-phase", of: "main") }
                #expect(isOpen)
                #expect(try await browser.text("h1") == outcome)
                #expect(try await browser.violations() == [])
                try await browser.photograph("open-\(language)")
                try await browser.click("a")
                #expect(try await browser.address().hasSuffix(path))
            }
            #expect(
                try await guest.partner.history(locks[0]).compactMap { $0["type"]?.text } == [
                    "LockCreated", "TempKeyCreated", "LockOpenRequested", "TempKeyUsed",
                ])
            #expect(try await guest.partner.history(locks[1]).count == 2)
        }
    }

    @Test(arguments: [("en", "Tap again to open"), ("el", "Πατήστε ξανά για άνοιγμα")]) func `whoever cannot slide taps twice`(
        language: String, again: String
    )
        async throws
    {
        try await with { guest in
            let (path, _) = try await guest.key([try await guest.partner.lock().number], guest.window())
            try await Browser.with(language: language) { browser in
                try await browser.open(guest.url + path)
                try await browser.click("form button")
                #expect(try await browser.text(".say") == again)
                #expect(try await browser.violations() == [])
                try await browser.photograph("again-\(language)")
                let isOpen = try await eventually {
                    // The page may be on its way to the next one.
                    if try await browser.address().hasSuffix(path) { try? await browser.click("form button") }
                    return await browser.shows("open", in: "data-phase", of: "main")
                }
                #expect(isOpen)
            }
        }
    }

    @Test func `a second slide while the first is on its way takes no second use`() async throws {
        try await with { guest in
            let lock = try await guest.partner.lock().number, (path, _) = try await guest.key([lock], guest.window())
            try await Browser.with(language: "en") { browser in
                try await browser.open(guest.url + path)
                _ = try await browser.evaluate(
                    """
                    const b=document.querySelector('form button');for(let i=0;i<5;i++)b.dispatchEvent(new \
                    MouseEvent('click',{detail:0,cancelable:true}))
                    """
                )
                let isOpen = try await eventually { await browser.shows("open", in: "data-phase", of: "main") }
                #expect(isOpen)
            }
            #expect(
                try await guest.partner.history(lock).compactMap { $0["type"]?.text } == [
                    "LockCreated", "TempKeyCreated", "LockOpenRequested", "TempKeyUsed",
                ])
        }
    }

    @Test func `a key that has ended behind the page says so in the guest's language`() async throws {
        try await with { guest in
            let (path, _) = try await guest.key([try await guest.partner.lock().number], guest.window())
            try await Browser.with(language: "el") { browser in
                try await browser.open(guest.url + path)
                #expect(try await guest.partner.call("DELETE", path).status == 200)
                try await browser.slide("form button", by: 1)
                let isTold = try await eventually { await browser.shows("revoked", in: "data-state", of: "main") }
                #expect(isTold)
                #expect(try await browser.text("h1") == "Το κλειδί ανακλήθηκε")
            }
        }
    }

    @Test func `a keyboard opens too`() async throws {
        try await with { guest in
            let (path, _) = try await guest.key([try await guest.partner.lock().number], guest.window())
            try await Browser.with(language: "en") { browser in
                try await browser.open(guest.url + path)
                try await browser.press("\u{E007}", on: "form button")
                let isOpen = try await eventually { await browser.shows("open", in: "data-phase", of: "main") }
                #expect(isOpen)
            }
        }
    }

    @Test func `without script the button opens and the page refreshes itself`() async throws {
        try await with { guest in
            let (path, _) = try await guest.key([try await guest.partner.lock().number], guest.window())
            try await Browser.with(language: "en") { browser in
                try await browser.turnScriptOff()
                try await browser.open(guest.url + path)
                #expect(try await browser.markup().contains("UTC</time>"))
                try await browser.tap("form button")
                let isOpen = try await eventually { try await browser.markup().contains("data-phase=\"open\"") }
                #expect(isOpen)
            }
        }
    }

    @Test func `a lock that is away is told honestly, and its silence too`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let broker = try Broker(in: folder)
        try broker.start()
        try await with(["SPKEY_MQTT_URL": broker.url]) { guest in
            let lock = try await guest.partner.lock(), device = try await Device(broker, lock.uuid)
            defer { device.close() }
            try await device.presence(false)
            let (path, _) = try await guest.key([lock.number], guest.window(), method: "key")
            try await Browser.with(language: "en") { browser in
                let isKnown = try await eventually {
                    try await browser.open(guest.url + path)
                    try await browser.slide("form button", by: 1)
                    _ = try await eventually { try await browser.address().contains("/confirmation") }
                    return try await browser.address().contains("offline=true")
                }
                #expect(isKnown)
                #expect(try await browser.attribute("data-phase", of: "main") == "opening")
                #expect(try await browser.text("main").contains("The lock is offline now."))
                try await browser.photograph("offline")
                let isSilent = try await eventually(within: .seconds(40)) { await browser.shows("silent", in: "data-phase", of: "main") }
                #expect(isSilent)
                #expect(try await browser.text("h1") == "The lock did not answer")
                #expect(try await browser.violations() == [])
                try await browser.photograph("silent")
            }
        }
        try await broker.stop()
    }

    @Test func `every state of a key has its page`() async throws {
        try await with { guest in
            let lock = try await guest.partner.lock().number, now = Installation.now
            let early = try await guest.key([lock], guest.window(from: .seconds(600))),
                revoked = try await guest.key([lock], guest.window())
            #expect(try await guest.partner.call("DELETE", revoked.path).status == 200)
            func single(_ more: JSON.Object) async throws -> String {
                let id = UUID().uuidString.lowercased()
                let body = guest.window().merging(["tempKeyUuid": .string(id), "accessMode": "public"]).merging(more)
                #expect(try await guest.partner.call("POST", "/locks/\(lock)/create-temp-key", .object(body)).status == 200)
                return "/temp-keys/\(id)"
            }
            let used = try await single(["maxUses": 1]), expired = try await single(["validUntil": (now + .seconds(2)).json])
            #expect(try await guest.partner.call("POST", used + "/open").status == 303)
            let other = try await single(["accessMode": "user-whitelist", "allowedUserIds": [.string(UUID().uuidString.lowercased())]])
            try await Browser.with(language: "en") { browser in
                for (path, state) in [
                    (early.path, "not-yet-valid"), (revoked.path, "revoked"), (used, "used-up"), (expired, "expired"), (other, "forbidden"),
                ] {
                    let isShown = try await eventually {
                        try await browser.open(guest.url + path)
                        return try await browser.attribute("data-state", of: "main") == state
                    }
                    #expect(isShown, "\(state)")
                    #expect(try await browser.violations() == [], "\(state)")
                    let source = try await browser.source()
                    #expect(!source.contains("<form") && !source.contains(early.pin))
                    try await browser.photograph(state)
                }
                try await browser.open(guest.url + "/temp-keys/\(UUID().uuidString.lowercased())")
                #expect(try await browser.attribute("data-trouble", of: "main") == "unknown")
            }
        }
    }

    @Test func `a page is small, and carries no more than itself`() async throws {
        try await with { guest in
            let (path, _) = try await guest.key([try await guest.partner.lock().number], guest.window())
            let answer = try await guest.installation.client.send(OutgoingRequest("GET", guest.url + path))
            let page = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.body.count < 30_000 && !page.contains("http://") && !page.contains("https://") && !page.contains("src="))
            #expect(page.contains("Front &lt;door&gt; &amp; &quot;gate&quot;"))
            #expect(
                answer.headers["referrer-policy"] == "no-referrer" && answer.headers["x-frame-options"] == "DENY"
                    && answer.headers["cache-control"] == "no-store")
            #expect(answer.headers["content-security-policy"]?.contains("default-src 'self'; script-src 'nonce-") == true)
        }
    }
}
