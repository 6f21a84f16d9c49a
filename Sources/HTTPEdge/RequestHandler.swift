import Application
import struct Application.Operation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import Telemetry

/// Takes one request through the edge: identity, limits, credentials, body, operation, answer.
struct RequestHandler: Sendable {
    let settings: EdgeSettings
    let authentication: Authentication
    let idempotency: IdempotencyStore
    let limiter: RateLimiter
    let metrics: Metrics
    let log: Logger
    let clock: @Sendable () -> Timestamp
    private let failures = FailureLog()

    static let requestIDName = HTTPField.Name("X-Request-Id")!

    func handle(_ request: HummingbirdCore.Request, _ context: EdgeContext, _ endpoint: Endpoint) async -> HummingbirdCore.Response {
        let started = ContinuousClock.now, id = requestID(request)
        var response: Kernel.Response
        do { response = try await perform(request, context, endpoint, id) } catch {
            response = ErrorResponse.response(for: error)
            if response.status >= 500 { failures.note(endpoint.operation.key, response.status, id, error, log) }
        }
        let labels = [("operation", endpoint.operation.key), ("status", "\(response.status)")]
        metrics.count("http_requests_total", labels)
        metrics.time("http_request_seconds", [labels[0]], started.duration(to: .now).inSeconds)
        if response.status == 401, endpoint.operation.credentials != .optional { response.headers["WWW-Authenticate"] = "Bearer" }
        return answer(response, to: id)
    }

    /// Returns the caller's request id when it is harmless, or a new one.
    func requestID(_ request: HummingbirdCore.Request) -> String {
        let given = request.headers[Self.requestIDName] ?? ""
        let isHarmless = (1...128).contains(given.utf8.count) && given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isHarmless ? given : UUIDText.fresh(at: clock()).text
    }

    /// Runs the steps of a request. Each of them may end it.
    private func perform(
        _ request: HummingbirdCore.Request, _ context: EdgeContext, _ endpoint: Endpoint, _ id: String
    ) async throws -> Kernel.Response {
        let operation = endpoint.operation
        let head = try RequestHead(request, from: context.address, to: operation, trusting: settings.trustedProxies, id: id)
        let caller = try Self.restrictSuspended(try await authenticate(head, operation), operation)
        let limits = try limiter.admit(caller.caller, address: head.address)
        let content = try await read(request, context, operation)
        var response = try await carryOut(endpoint, head, content, caller)
        response.headers.merge(limits) { own, _ in own }
        return response
    }

    /// Authenticates the request. Credentials may come from the cache when the operation detects that they are out of date; a repeat with
    /// an `Idempotency-Key` may be answered before that, so it is always authenticated against the database.
    private func authenticate(_ head: RequestHead, _ operation: Operation) async throws -> Authentication.Outcome {
        let mayRemember = operation.checksEpoch && head.idempotencyKey == nil
        do {
            let caller = try await authentication.establish(head.headers, for: operation.credentials, mayRemember: mayRemember)
            // A cached suspension may have ended.
            guard caller.isSuspended, mayRemember else { return caller }
            return try await authentication.establish(head.headers, for: operation.credentials, mayRemember: false)
        } catch RequestError.unauthenticated(let message) {
            _ = try limiter.admit(.anonymous, address: head.address)
            throw RequestError.unauthenticated(message)
        }
    }

    /// Suspended users may read their own data, count as anonymous on public operations, and get 403 elsewhere.
    private static func restrictSuspended(
        _ caller: Authentication.Outcome, _ operation: Operation
    ) throws -> Authentication.Outcome {
        guard caller.isSuspended else { return caller }
        if operation.method == .get, operation.admitsSuspended { return caller }
        if operation.method == .get, operation.credentials == .optional { return Authentication.Outcome(caller: .anonymous, epoch: nil) }
        throw RequestError.refused(.forbidden, code: nil, message: "The user is suspended.")
    }

    /// What the operation reads of a request, and what a repeat must match: the address with its query, and the body.
    private struct Content {
        let path: [String: String]
        let body: JSON.Object
        let identity: [UInt8]
    }

    private func read(
        _ request: HummingbirdCore.Request, _ context: EdgeContext, _ operation: Operation
    ) async throws -> Content {
        let bytes = try await body(of: request), members = try Self.members(bytes, of: operation)
        return Content(
            path: try RequestHead.path(context), body: members, identity: Array(request.uri.string.utf8) + [0] + bytes)
    }

    /// Executes the operation once per idempotency key, and again with a newly authenticated caller when cached credentials were outdated.
    private func carryOut(
        _ endpoint: Endpoint, _ head: RequestHead, _ content: Content, _ established: Authentication.Outcome
    ) async throws -> Kernel.Response {
        let operation = endpoint.operation
        var caller = established
        for _ in 0..<3 {
            do {
                return try await idempotency.once(
                    head.idempotencyKey, operation, caller.caller, path: content.path, content: content.identity, endpoint.services
                ) { attempt in
                    var request = Kernel.Request(
                        path: content.path, query: head.query, headers: head.headers, body: content.body, caller: caller.caller,
                        trace: Trace(correlation: head.id, causation: nil), attempt: attempt)
                    request.credentialEpoch = caller.epoch
                    request.address = head.address
                    return try await operation.perform(request, endpoint.services)
                }
            } catch is StaleCredentials {
                caller = try Self.restrictSuspended(
                    try await authentication.establish(head.headers, for: operation.credentials, mayRemember: false), operation)
            }
        }
        throw RequestError.unavailable("The credentials change too quickly.", retryAfter: .seconds(1))
    }

    private func body(of request: HummingbirdCore.Request) async throws -> [UInt8] {
        if request.headers[.contentLength] == nil, request.headers[.transferEncoding] == nil { return [] }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > settings.bodyLimit { throw tooLarge }
        var request = request
        do { return Array(buffer: try await request.collectBody(upTo: settings.bodyLimit)) } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch is BodyTimeout {
            throw RequestError.problems([Problem("body", "did not arrive within 30 s")])
        }
    }

    private var tooLarge: RequestError { .problems([Problem("body", "must not be larger than \(settings.bodyLimit) bytes")]) }

    private static func members(_ bytes: [UInt8], of operation: Operation) throws -> JSON.Object {
        guard operation.method != .get, !bytes.isEmpty else { return [:] }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch {
            throw RequestError.problems([Problem("body", "is not acceptable JSON: \(error)")])
        }
        guard let members = json.members else { throw RequestError.problems([Problem("body", "must be a JSON object")]) }
        return members
    }

    func answer(_ response: Kernel.Response, to id: String) -> HummingbirdCore.Response {
        var headers = HTTPFields()
        headers[Self.requestIDName] = id
        headers[HTTPField.Name("X-Content-Type-Options")!] = "nosniff"
        headers[.cacheControl] = "no-store"
        for (name, value) in response.headers { if let name = HTTPField.Name(name) { headers[name] = value } }
        let bytes: [UInt8]
        switch response.body {
        case .empty: bytes = []
        case .json(let json):
            bytes = json.bytes
            headers[.contentType] = "application/json"
        case .rendered(let json):
            bytes = json
            headers[.contentType] = "application/json"
        case .text(let text, let type):
            bytes = Array(text.utf8)
            headers[.contentType] = type
        }
        return HummingbirdCore.Response(
            status: HTTPTypes.HTTPResponse.Status(code: response.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
