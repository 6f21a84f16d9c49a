import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Kernel
public import Logging
import NIOCore
public import ServiceLifecycle
public import Telemetry

/// An operation with the services of its module.
public struct Endpoint: Sendable {
    public let operation: Kernel.Operation
    public let services: Services
    public init(_ operation: Kernel.Operation, _ services: Services) { (self.operation, self.services) = (operation, services) }
}

/// What the edge answers about the process itself.
public struct Probes: Sendable {
    /// Nil when the process can serve; otherwise why not.
    public let readiness: @Sendable () async -> String?
    public let metrics: Metrics
    public init(metrics: Metrics, readiness: @escaping @Sendable () async -> String?) { (self.metrics, self.readiness) = (metrics, readiness) }
}

/// The HTTP server: limits, authentication, routing, errors, documents.
public struct Edge: Sendable {
    private let settings: EdgeSettings
    private let endpoints: [Endpoint]
    private let document: OpenAPIDocument
    private let probes: Probes
    private let handler: RequestHandler
    private let log: Logger

    public init(
        settings: EdgeSettings, endpoints: [Endpoint], document: OpenAPIDocument, probes: Probes, directory: CredentialDirectory, process: String,
        fetch: @escaping @Sendable (String) async throws -> [UInt8], log: Logger, clock: @escaping @Sendable () -> Moment
    ) async {
        (self.settings, self.endpoints, self.document, self.probes, self.log) = (settings, endpoints, document, probes, log)
        let tokens = await TokenVerifier(settings: settings, fetch: fetch, clock: clock)
        handler = RequestHandler(
            settings: settings, authentication: Authentication(settings: settings, directory: directory, tokens: tokens, clock: clock),
            desk: IdempotencyDesk(process: process, clock: clock), limiter: RateLimiter(perMinute: settings.rateLimit), metrics: probes.metrics,
            log: log, clock: clock)
    }

    /// The server as a service: runs until a graceful shutdown, then finishes what it has begun.
    /// - Parameter ready: called once the port is open.
    public func service(ready: @escaping @Sendable (Int) async -> Void = { _ in }) -> any Service {
        let counts = ConnectionCounts(limit: settings.connectionsPerAddress, proxies: TrustedProxies(networks: settings.trustedProxies))
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        (decoder.maxHeaderFieldSize, decoder.maxHeaderListSize, decoder.maxHeaderFieldCount) = (16 << 10, 32 << 10, 100)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(counts: counts)], idleTimeout: .seconds(60), httpDecoderConfiguration: decoder)
        return Application(
            responder: responder(), server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port), serverName: nil),
            onServerRunning: { await ready($0.localAddress?.port ?? 0) }, logger: log)
    }

    private func responder() -> CallbackResponder<EdgeContext> {
        let router = Router(context: EdgeContext.self)
        for endpoint in endpoints {
            let path = RouterPath(
                endpoint.operation.path.split(separator: "/").map { $0.first == "{" ? ":" + $0.dropFirst().dropLast() : String($0) }.joined(separator: "/"))
            router.on(path, method: HTTPRequest.Method(endpoint.operation.method.rawValue)!) { [handler] request, context in
                await handler.handle(request, context, endpoint)
            }
        }
        addOwnRoutes(to: router)
        let routes = router.buildResponder()
        return CallbackResponder { [handler] request, context in
            // What no route of ours has answered carries no request id.
            let response = try? await routes.respond(to: request, context: context)
            if let response, response.headers[RequestHandler.requestIDName] != nil { return response }
            return handler.answer(ErrorAnswer.make(404, "NotFound", "There is no such address."), to: handler.requestID(request))
        }
    }

    private func addOwnRoutes(to router: Router<EdgeContext>) {
        let openAPI = document.json, docs = DocsPage(document: document).html
        func own(_ path: RouterPath, _ answer: @escaping @Sendable () async -> Kernel.Response) {
            router.get(path) { [handler] request, _ in handler.answer(await answer(), to: handler.requestID(request)) }
        }
        own("healthz") { .json(200, ["status": "up"]) }
        own("readyz") { [probes] in
            guard let reason = await probes.readiness() else { return .json(200, ["status": "ready"]) }
            return ErrorAnswer.make(503, "Unavailable", reason)
        }
        own("metrics") { [probes] in Kernel.Response(200, body: .text(probes.metrics.text, type: "text/plain; version=0.0.4")) }
        own("openapi.json") { .json(200, openAPI) }
        own("docs") {
            let policy = "default-src 'none'; style-src 'unsafe-inline'"
            return Kernel.Response(200, headers: ["Content-Security-Policy": policy], body: .text(docs, type: "text/html; charset=utf-8"))
        }
    }
}
