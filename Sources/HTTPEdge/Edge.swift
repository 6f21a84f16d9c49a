import Application
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Kernel
public import Logging
import NIOCore
public import ServiceLifecycle
public import Telemetry

/// The state of the process that the edge reports.
public struct Probes: Sendable {
    /// Returns nil when the process can serve; otherwise the reason why not.
    public let readiness: @Sendable () async -> String?
    /// The same for every module, wherever it runs; modules that do not answer are named.
    public let readinessOfAll: @Sendable () async -> String?
    /// Returns the number of parked messages; for operators, not a reason to stop serving.
    public let parked: @Sendable () -> Int
    public let metrics: Metrics
    public init(
        metrics: Metrics, readiness: @escaping @Sendable () async -> String?, readinessOfAll: @escaping @Sendable () async -> String?,
        parked: @escaping @Sendable () -> Int
    ) {
        self.metrics = metrics
        self.readiness = readiness
        self.readinessOfAll = readinessOfAll
        self.parked = parked
    }
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
        settings: EdgeSettings, endpoints: [Endpoint], document: OpenAPIDocument, probes: Probes, directory: CredentialDirectory,
        accessKeys: AccessKeys, process: String,
        fetch: @escaping @Sendable (String) async throws -> [UInt8], log: Logger, clock: @escaping @Sendable () -> Timestamp
    ) async {
        self.settings = settings
        self.endpoints = endpoints
        self.document = document
        self.probes = probes
        self.log = log
        let tokens = await BearerTokens(settings: settings, fetch: fetch, clock: clock)
        handler = RequestHandler(
            settings: settings,
            authentication: Authentication(
                settings: settings, directory: directory, accessKeys: accessKeys, tokens: tokens, clock: clock),
            idempotency: IdempotencyStore(process: process, clock: clock), limiter: RateLimiter(perMinute: settings.rateLimit),
            log: log, clock: clock)
    }

    /// Returns the server as a service that runs until a graceful shutdown and then finishes the requests it has begun.
    /// - Parameter ready: called once the port is open.
    public func service(ready: @escaping @Sendable (Int) async -> Void = { _ in }) -> any Service {
        let counts = ConnectionCounts(limit: settings.connectionsPerAddress, proxies: TrustedProxies(networks: settings.trustedProxies))
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = 16 << 10
        decoder.maxHeaderListSize = 32 << 10
        decoder.maxHeaderFieldCount = 100
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(counts: counts, bodyLimit: settings.bodyLimit)], idleTimeout: .seconds(60),
            httpDecoderConfiguration: decoder)
        return Application(
            responder: responder(), server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), serverName: nil,
                availableConnectionsDelegate: .maximum(settings.connections, logger: log)),
            onServerRunning: { await ready($0.localAddress?.port ?? 0) }, logger: log)
    }

    private func responder() -> CallbackResponder<EdgeContext> {
        let router = Router(context: EdgeContext.self)
        for endpoint in endpoints {
            let path = RouterPath(RequestHead.route(of: endpoint.operation))
            let metrics = RequestMetrics(of: endpoint.operation.key, in: probes.metrics)
            router.on(path, method: HTTPRequest.Method(endpoint.operation.method.rawValue)!) { [handler] request, context in
                await handler.handle(request, context, endpoint, counting: metrics)
            }
        }
        addOwnRoutes(to: router)
        let routes = router.buildResponder(),
            addresses = Addresses(endpoints.map { ($0.operation.method, $0.operation.path) } + Self.ownPaths.map { (.get, $0) }),
            cors = CrossOrigin(settings.origins)
        return CallbackResponder { [handler] request, context in
            if request.method == .options, let preflight = cors.preflight(request, addresses.methods(of: request.uri.path)) {
                return handler.answer(preflight, to: handler.requestID(request))
            }
            var asked = request
            // HEAD is handled as GET without the body (RFC 9110 §9.3.2).
            let isHead = request.method == .head && addresses.methods(of: request.uri.path).contains(.get)
            if isHead {
                var head = request.head
                head.method = .get
                asked = HummingbirdCore.Request(head: head, body: request.body)
            }
            // A response without a request id does not come from one of our routes.
            guard var response = try? await routes.respond(to: asked, context: context),
                response.headers[RequestHandler.requestIDName] != nil
            else { return handler.answer(Self.unrouted(addresses.methods(of: request.uri.path)), to: handler.requestID(request)) }
            if isHead {
                let length = response.body.contentLength
                response.body = .init()
                response.headers[.contentLength] = length.map(String.init)
            }
            return cors.expose(response, to: request)
        }
    }

    /// A known path gets 405 with the methods it takes; an unknown path gets 404.
    private static func unrouted(_ allowed: Set<HTTPRequest.Method>) -> Kernel.Response {
        guard !allowed.isEmpty else { return ErrorResponse.make(404, "NotFound", "There is no such address.") }
        var response = ErrorResponse.make(405, "MethodNotAllowed", "This address does not take this method; see Allow.")
        response.headers["Allow"] = Addresses.list(allowed)
        return response
    }

    private static let ownPaths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"]

    private func addOwnRoutes(to router: Router<EdgeContext>) {
        let openAPI = document.json, docs = DocsPage(document: document).html
        func own(_ path: RouterPath, _ answer: @escaping @Sendable (HummingbirdCore.Request, EdgeContext) async -> Kernel.Response) {
            router.get(path) { [handler] request, context in handler.answer(await answer(request, context), to: handler.requestID(request))
            }
        }
        own("healthz") { _, _ in .json(200, ["status": "up"]) }
        own("readyz") { [probes] request, _ in
            let reason = request.uri.query == "all" ? await probes.readinessOfAll() : await probes.readiness()
            guard let reason else { return .json(200, ["status": "ready", "parked": .int(Int64(probes.parked()))]) }
            return ErrorResponse.make(503, "Unavailable", reason)
        }
        own("metrics") { [probes, settings] request, context in
            guard MetricsAccess(settings).allows(request, from: context.address) else {
                return ErrorResponse.make(
                    401, "Unauthorized", "Metrics need the staff key in X-Admin-API-Key, or SPKEY_METRICS_TOKEN as a bearer token.")
            }
            return Kernel.Response(200, body: .text(probes.metrics.text, type: "text/plain; version=0.0.4"))
        }
        own("openapi.json") { _, _ in .json(200, openAPI) }
        own("docs") { _, _ in .page(200, docs, nonce: nil) }
    }
}
