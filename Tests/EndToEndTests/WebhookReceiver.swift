import Application
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import KernelTesting
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A partner's endpoint: takes what comes, checks the signature, answers as it is told.
final class WebhookReceiver: Sendable {
    struct Delivery: Sendable {
        let path: String
        let body: JSON
        let isGenuine: Bool
        let signatures: [String]
        var name: String { body["detail-type"]?.text ?? "" }
        var detail: JSON { body["detail"] ?? .null }
        /// The event's data, without the name that is told beside it.
        var data: JSON {
            .object(JSON.Object(detail["data"]?.members?.members.filter { $0.key != "type" }.map { ($0.key, $0.value) } ?? []))
        }
    }

    private let state = Mutex<(deliveries: [Delivery], delays: [String: Duration], statuses: [String: Int])>(([], [:], [:]))
    private let port = Mutex(0)

    /// Runs a test with a sink that listens.
    static func with(_ body: (WebhookReceiver) async throws -> Void) async throws {
        let sink = WebhookReceiver()
        let router = Router()
        router.post("hook/:name") { request, context in try await sink.take(request, context.parameters.require("name")) }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in sink.port.withLock { $0 = channel.localAddress?.port ?? 0 } },
            logger: Logger(label: "sink") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(services: [application], logger: Logger(label: "sink") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await group.run() }
        _ = try await eventually { sink.port.withLock { $0 } != 0 }
        do { try await body(sink) } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        _ = try? await running.value
    }

    func url(_ name: String) -> String { "http://127.0.0.1:\(port.withLock { $0 })/hook/\(name)" }
    func answer(_ name: String, after delay: Duration = .zero, with status: Int = 204) {
        state.withLock { state in
            state.delays[name] = delay
            state.statuses[name] = status
        }
    }
    func all(_ name: String) -> [Delivery] { state.withLock { $0.deliveries }.filter { $0.path == name } }

    private func take(_ request: Hummingbird.Request, _ name: String) async throws -> HTTPResponse.Status {
        let bytes = Array(buffer: try await request.body.collect(upTo: 1 << 20))
        func header(_ name: String) -> String { request.headers[HTTPField.Name(name)!] ?? "" }
        // One for each secret (Standard Webhooks, "Signature scheme").
        let signatures = header("webhook-signature").split(separator: " ").map(String.init)
        let signed = Array("\(header("webhook-id")).\(header("webhook-timestamp")).".utf8) + bytes
        let wanted =
            "v1," + Data(HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Data("secret".utf8)))).base64EncodedString()
        let delivery = Delivery(
            path: name, body: (try? JSON.parse(bytes, depth: 64)) ?? .null, isGenuine: signatures.contains(wanted),
            signatures: signatures)
        let (delay, status) = state.withLock { state in
            state.deliveries.append(delivery)
            return (state.delays[name] ?? .zero, state.statuses[name] ?? 204)
        }
        try await Task.sleep(for: delay)
        return HTTPResponse.Status(code: status)
    }
}
