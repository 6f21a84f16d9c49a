import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Testing

/// A phone-sized Chromium without a screen, driven by WebDriver (W3C Recommendation "WebDriver").
final class Browser: Sendable {
    static let driver = "/usr/bin/chromedriver"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: driver) }

    private let program: Program
    private let client = HTTPClient(publicOnly: false)
    private let base: String
    private let session: String

    /// Runs a test in a browser that speaks a language.
    static func with(language: String, _ body: (Browser) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-browser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let browser = try await Browser(folder, language)
        do { try await body(browser) } catch {
            await browser.close()
            throw error
        }
        await browser.close()
    }

    private init(_ folder: URL, _ language: String) async throws {
        let port = try Installation.freePort(), client = client
        program = try Program(
            Self.driver, ["--port=\(port)"], environment: ["HOME": folder.path], output: folder.appending(path: "driver.log"))
        base = "http://127.0.0.1:\(port)"
        let isUp = try await eventually { [base] in (try? await client.send(OutgoingRequest("GET", "\(base)/status")).status) == 200 }
        #expect(isUp)
        let arguments: JSON = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", .string("--user-data-dir=\(folder.path)/profile"),
            .string("--lang=\(language)"),
            .string("--accept-lang=\(language)"), "--window-size=412,915",
        ]
        let preferences: JSON = ["intl.accept_languages": .string(language)]
        let options: JSON = [
            "args": arguments, "prefs": preferences,
            "mobileEmulation": ["deviceMetrics": ["width": 412, "height": 915, "pixelRatio": 2, "touch": true]],
        ]
        let wanted: JSON = ["capabilities": ["alwaysMatch": ["browserName": "chrome", "goog:chromeOptions": options]]]
        let answer = try await client.send(
            OutgoingRequest(
                "POST", "\(base)/session", headers: [("Content-Type", "application/json")], body: wanted.bytes, deadline: .seconds(60)))
        session = try JSON.parse(answer.body, depth: 64)["value"]?["sessionId"]?.text ?? ""
        #expect(!session.isEmpty, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    private func close() async {
        _ = try? await call("DELETE", "")
        try? await program.end(SIGKILL)  // chromedriver does not heed SIGTERM
        client.stop()
    }

    struct Trouble: Error { let message: String }

    private func call(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        let request = OutgoingRequest(
            method, "\(base)/session/\(session)\(path)", headers: [("Content-Type", "application/json")],
            body: (body ?? (method == "POST" ? [:] : nil))?.bytes,
            deadline: .seconds(30))
        let answer = try await client.send(request), json = try JSON.parse(answer.body, depth: 128)
        guard answer.status == 200 else { throw Trouble(message: json["value"]?["message"]?.text ?? "\(answer.status)") }
        return json["value"] ?? .null
    }

    /// Pages run no script from here on. WebDriver's own questions are script too, so only `tap` and `markup` answer then.
    func turnScriptOff() async throws { _ = try await devtools("Emulation.setScriptExecutionDisabled", ["value": true]) }

    /// The page as it stands, asked without script; empty when it was replaced between the two questions.
    func markup() async throws -> String {
        let document = try await devtools("DOM.getDocument")
        do {
            return try await devtools("DOM.getOuterHTML", ["nodeId": document["root"]?["nodeId"] ?? .null])["outerHTML"]?.text ?? ""
        } catch let trouble as Trouble where trouble.message.contains("node with given id") {
            return ""
        }
    }

    /// Presses an element with the mouse, without script.
    func tap(_ selector: String) async throws {
        let document = try await devtools("DOM.getDocument")
        let node = try await devtools("DOM.querySelector", ["nodeId": document["root"]?["nodeId"] ?? .null, "selector": .string(selector)])
        let corners =
            try await devtools("DOM.getBoxModel", ["nodeId": node["nodeId"] ?? .null])["model"]?["content"]?.items?.compactMap(\.number)
            ?? []
        guard corners.count == 8 else { throw Trouble(message: "\(selector) has no box") }
        let x = JSON.double((corners[0] + corners[4]) / 2), y = JSON.double((corners[1] + corners[5]) / 2)
        for type in ["mousePressed", "mouseReleased"] {
            _ = try await devtools("Input.dispatchMouseEvent", ["type": .string(type), "x": x, "y": y, "button": "left", "clickCount": 1])
        }
    }

    private func devtools(_ command: String, _ parameters: JSON = [:]) async throws -> JSON {
        try await call("POST", "/goog/cdp/execute", ["cmd": .string(command), "params": parameters])
    }

    func open(_ url: String) async throws { _ = try await call("POST", "/url", ["url": .string(url)]) }
    func address() async throws -> String { try await call("GET", "/url").text ?? "" }
    func source() async throws -> String { try await call("GET", "/source").text ?? "" }

    /// The result of a script in the page.
    func evaluate(_ script: String) async throws -> JSON {
        try await call("POST", "/execute/sync", ["script": .string(script), "args": []])
    }
    func evaluateLater(_ script: String) async throws -> JSON {
        try await call("POST", "/execute/async", ["script": .string(script), "args": []])
    }

    private func element(_ selector: String) async throws -> String {
        let found = try await call("POST", "/element", ["using": "css selector", "value": .string(selector)])
        return found.members?.members.first?.value.text ?? ""
    }

    func text(_ selector: String) async throws -> String {
        try await call("GET", "/element/\(try await element(selector))/text").text ?? ""
    }
    func attribute(_ name: String, of selector: String) async throws -> String? {
        try await call("GET", "/element/\(try await element(selector))/attribute/\(name)").text
    }
    /// Whether an element's attribute is a value; not while the page is being replaced.
    func shows(_ value: String, in name: String, of selector: String) async -> Bool { (try? await attribute(name, of: selector)) == value }
    func click(_ selector: String) async throws { _ = try await call("POST", "/element/\(try await element(selector))/click") }
    func press(_ key: String, on selector: String) async throws {
        _ = try await call("POST", "/element/\(try await element(selector))/value", ["text": .string(key)])
    }

    /// Puts a finger on the left of an element and draws it to the right by a share of its width.
    func slide(_ selector: String, by share: Double) async throws {
        let box = try await call("GET", "/element/\(try await element(selector))/rect")
        func whole(_ name: String) -> Double { box[name]?.number ?? 0 }
        let x = Int(whole("x") + 30), y = Int(whole("y") + whole("height") / 2), reach = Int((whole("width") - 40) * share)
        var moves: [JSON] = [
            ["type": "pointerMove", "duration": 0, "x": .int(Int64(x)), "y": .int(Int64(y))], ["type": "pointerDown", "button": 0],
        ]
        for part in 1...8 {
            moves.append(["type": "pointerMove", "duration": 20, "x": .int(Int64(x + reach * part / 8)), "y": .int(Int64(y))])
        }
        moves.append(["type": "pointerUp", "button": 0])
        _ = try await call(
            "POST", "/actions",
            ["actions": [["type": "pointer", "id": "finger", "parameters": ["pointerType": "touch"], "actions": .array(moves)]]])
    }

    /// Keeps a picture of the page in the folder that `SPKEY_TEST_SCREENSHOTS` names.
    func photograph(_ name: String) async throws {
        guard let folder = ProcessInfo.processInfo.environment["SPKEY_TEST_SCREENSHOTS"] else { return }
        let picture = try await call("GET", "/screenshot").text ?? ""
        try Data(base64Encoded: picture)?.write(to: URL(filePath: folder).appending(path: "\(name).png"))
    }

    /// What axe-core finds against WCAG 2.2 A and AA, where `SPKEY_TEST_AXE` names its script.
    func violations() async throws -> [String] {
        guard let path = ProcessInfo.processInfo.environment["SPKEY_TEST_AXE"], let axe = try? String(contentsOfFile: path, encoding: .utf8)
        else {
            return ["axe-core is not there"]
        }
        _ = try await evaluate(axe)
        let found = try await evaluateLater(
            "const done=arguments[arguments.length-1];axe.run(document,{runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']}).then(r=>done(r.violations.map(v=>v.id+': '+v.nodes.map(n=>n.html).join(' '))),e=>done([String(e)]))"
        )
        return (found.items ?? []).compactMap(\.text)
    }
}
