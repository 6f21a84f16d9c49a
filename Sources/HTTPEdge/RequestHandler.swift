import AWS
import Application
import struct Application.Operation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import ServiceLifecycle

/// Takes one request through the edge: identity, limits, credentials, body, operation, answer.
struct RequestHandler: Sendable {
    let settings: EdgeSettings
    let authentication: Authentication
    let idempotency: IdempotencyStore
    let limiter: RateLimiter
    let log: Logger
    let clock: @Sendable () -> Timestamp
    private let failures = FailureLog()

    static let requestIDName = HTTPField.Name("X-Request-Id")!

    func handle(
        _ request: HummingbirdCore.Request, _ context: EdgeContext, _ endpoint: Endpoint, counting metrics: RequestMetrics
    ) async -> HummingbirdCore.Response {
        let started = ContinuousClock.now, id = requestID(request)
        var response: Kernel.Response, quota: RateLimiter.Quota?
        do { response = try await perform(request, context, endpoint, id, &quota) } catch {
            response = ErrorResponse.response(for: error)
            if case RequestError.tooManyRequests = error { quota = limiter.exhausted }
            if response.status >= 500 { failures.note(endpoint.operation.key, response.status, id, error, log) }
        }
        metrics.note(response.status, after: started.duration(to: .now))
        if endpoint.operation.credentials == .keyOrSignature, let name = AWSErrors.name(of: response.status) {
            response.headers[AWSErrors.header] = name
        }
        if response.status == 401, endpoint.operation.credentials != .optional { response.headers["WWW-Authenticate"] = "Bearer" }
        return answer(response, to: id, quota)
    }

    /// Returns the caller's request id when it is harmless, or a new one.
    func requestID(_ request: HummingbirdCore.Request) -> String {
        let given = request.headers[Self.requestIDName] ?? ""
        let isHarmless = (1...128).contains(given.utf8.count) && given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isHarmless ? given : UUIDText.fresh(at: clock()).text
    }

    /// Runs the steps of a request. Each of them may end it.
    /// - Parameter quota: what is left to the caller, once that is known.
    private func perform(
        _ request: HummingbirdCore.Request, _ context: EdgeContext, _ endpoint: Endpoint, _ id: String,
        _ quota: inout RateLimiter.Quota?
    ) async throws -> Kernel.Response {
        let operation = endpoint.operation
        let head = try RequestHead(request, from: context.address, to: operation, trusting: settings.trustedProxies, id: id)
        let isSigned = operation.credentials == .keyOrSignature && SignatureV4.isClaimed(by: head.headers["authorization"] ?? "")
        // A signature covers the body; others are authenticated before theirs is read.
        let signedBody = isSigned ? try await body(of: request) : nil
        let established = try await authenticate(head, operation, signed: signedBody.map { Self.signed(request, head, $0) })
        let caller = try Self.restrictSuspended(established, operation)
        quota = try limiter.admit(caller.caller, address: head.address)
        let bytes = if let signedBody { signedBody } else { try await body(of: request) }
        return try await carryOut(endpoint, head, try content(of: request, context, operation, bytes), caller)
    }

    /// Authenticates the request. Credentials may come from the cache when the operation detects that they are out of date; a repeat with
    /// an `Idempotency-Key` may be answered before that, so it is always authenticated against the database.
    private func authenticate(
        _ head: RequestHead, _ operation: Operation, signed: SignedRequest?
    ) async throws -> Authentication.Outcome {
        let mayRemember = operation.checksEpoch && head.idempotencyKey == nil
        do {
            let caller = try await authentication.establish(
                head.headers, for: operation.credentials, signed: signed, mayRemember: mayRemember)
            // A cached suspension may have ended.
            guard caller.isSuspended, mayRemember else { return caller }
            return try await authentication.establish(head.headers, for: operation.credentials, signed: signed, mayRemember: false)
        } catch RequestError.unauthenticated(let message) {
            _ = try limiter.admit(.anonymous, address: head.address)
            throw RequestError.unauthenticated(message)
        }
    }

    private static func signed(_ request: HummingbirdCore.Request, _ head: RequestHead, _ body: [UInt8]) -> SignedRequest {
        SignedRequest(
            method: request.method.rawValue, path: request.uri.path, query: request.uri.query ?? "",
            headers: head.headers.all + [(name: "host", value: request.head.authority ?? "")], body: body)
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

    /// What the operation reads of a request.
    private struct Content {
        let path: [String: String]
        let body: JSON.Object
        let uri: String
        let bytes: [UInt8]

        /// What a repeat must match: the address with its query, and the body.
        var identity: [UInt8] { Array(uri.utf8) + [0] + bytes }
    }

    private func content(
        of request: HummingbirdCore.Request, _ context: EdgeContext, _ operation: Operation, _ bytes: [UInt8]
    ) throws -> Content {
        Content(
            path: try RequestHead.path(context, of: operation), body: try Self.members(bytes, of: operation), uri: request.uri.string,
            bytes: bytes)
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
                    try await authentication.establish(
                        head.headers, for: operation.credentials, signed: nil, mayRemember: false), operation)
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
        if operation.kind == .page { return try FormBody.members(bytes) }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch {
            throw RequestError.problems([Problem("body", "is not acceptable JSON: \(error)")])
        }
        guard let members = json.members else { throw RequestError.problems([Problem("body", "must be a JSON object")]) }
        return members
    }

    private enum Names {
        static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options")!
        static let limit = HTTPField.Name("RateLimit-Limit")!
        static let remaining = HTTPField.Name("RateLimit-Remaining")!
        static let reset = HTTPField.Name("RateLimit-Reset")!
    }

    func answer(_ response: Kernel.Response, to id: String, _ quota: RateLimiter.Quota? = nil) -> HummingbirdCore.Response {
        var headers = HTTPFields()
        headers.reserveCapacity(10)
        headers.append(HTTPField(name: Self.requestIDName, value: id))
        headers.append(HTTPField(name: Names.contentTypeOptions, value: "nosniff"))
        headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        if let quota {
            headers.append(HTTPField(name: Names.limit, value: String(quota.limit)))
            headers.append(HTTPField(name: Names.remaining, value: String(quota.remaining)))
            headers.append(HTTPField(name: Names.reset, value: "60"))
        }
        for (name, value) in response.headers { if let name = HTTPField.Name(name) { headers[name] = value } }
        for cookie in response.cookies { headers.append(HTTPField(name: .setCookie, value: cookie.header)) }
        let body: ResponseBody
        switch response.body {
        case .empty: body = ResponseBody()
        case .json(let json):
            body = Self.whole(json.bytes)
            headers[.contentType] = "application/json"
        case .rendered(let json):
            body = Self.whole(json)
            headers[.contentType] = "application/json"
        case .text(let text, let type):
            body = Self.whole(Array(text.utf8))
            headers[.contentType] = type
        case .stream(let stream, let type):
            body = Self.made(by: stream)
            headers[.contentType] = type
        }
        return HummingbirdCore.Response(status: HTTPTypes.HTTPResponse.Status(code: response.status), headers: headers, body: body)
    }

    private static func whole(_ bytes: [UInt8]) -> ResponseBody { ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)) }

    /// Sends a stream part by part, until it ends, its reader leaves, or the server stops.
    private static func made(by stream: ByteStream) -> ResponseBody {
        ResponseBody { writer in
            for try await part in stream.parts.cancelOnGracefulShutdown() { try await writer.write(ByteBuffer(bytes: part)) }
            try await writer.finish(nil)
        }
    }
}
