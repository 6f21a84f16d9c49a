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

    /// A body must be complete after this time.
    private static let bodyPatience = Duration.seconds(30)
    private static let longestPath = 2_048
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

    /// The caller's request id where it is harmless, or a new one.
    func requestID(_ request: HummingbirdCore.Request) -> String {
        let given = request.headers[Self.requestIDName] ?? ""
        let isHarmless = (1...128).contains(given.utf8.count) && given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isHarmless ? given : UUIDText.fresh(at: clock()).text
    }

    private func perform(
        _ request: HummingbirdCore.Request, _ context: EdgeContext, _ endpoint: Endpoint, _ id: String
    ) async throws -> Kernel.Response {
        let headers = Self.headers(of: request)
        try refuseInternal(headers)
        guard request.uri.path.utf8.count <= Self.longestPath else { throw RequestError.problems([Problem("path", "is too long")]) }
        let operation = endpoint.operation
        let address = Network.counted(
            TrustedProxies(networks: settings.trustedProxies).client(peer: context.address, forwardedFor: headers["x-forwarded-for"]))
        // A repeat may be answered before the operation runs, which is what finds out that remembered credentials are out of date.
        let query = try Self.query(request), key = headers["idempotency-key"] ?? Self.attempt(query, operation)
        let mayRemember = operation.checksEpoch && key == nil
        var caller: Authentication.Outcome
        do {
            caller = try await authentication.establish(headers, for: operation.credentials, mayRemember: mayRemember)
        } catch RequestError.unauthenticated(let message) {
            _ = try limiter.admit(.anonymous, address: address)
            throw RequestError.unauthenticated(message)
        }
        // A suspension that is remembered may have ended.
        if caller.isSuspended, mayRemember {
            caller = try await authentication.establish(headers, for: operation.credentials, mayRemember: false)
        }
        caller = try Self.restrictSuspended(caller, operation)
        let limits = try limiter.admit(caller.caller, address: address)
        let bytes = try await body(of: request), members = try Self.members(bytes, of: operation)
        let path = try Self.path(context)
        // What a repeat must agree in: the address with its query, and the body.
        let content = Array(request.uri.string.utf8) + [0] + bytes
        for _ in 0..<3 {
            do {
                var response = try await idempotency.once(key, operation, caller.caller, path: path, content: content, endpoint.services) {
                    attempt in
                    var request = Kernel.Request(
                        path: path, query: query, headers: headers, body: members, caller: caller.caller,
                        trace: Trace(correlation: id, causation: nil), attempt: attempt)
                    (request.credentialEpoch, request.address) = (caller.epoch, address)
                    return try await operation.perform(request, endpoint.services)
                }
                response.headers.merge(limits) { own, _ in own }
                return response
            } catch is StaleCredentials {
                caller = try Self.restrictSuspended(
                    try await authentication.establish(headers, for: operation.credentials, mayRemember: false), operation)
            }
        }
        throw RequestError.unavailable("The credentials change too quickly.", retryAfter: .seconds(1))
    }

    /// Suspended users may read their own data, count as anonymous on public operations, and get 403 elsewhere.
    private static func restrictSuspended(_ caller: Authentication.Outcome, _ operation: Kernel.Operation) throws -> Authentication.Outcome
    {
        guard caller.isSuspended else { return caller }
        if operation.method == .get, operation.path.hasPrefix("/users/{id}") { return caller }
        if operation.method == .get, operation.credentials == .optional { return Authentication.Outcome(caller: .anonymous, epoch: nil) }
        throw RequestError.refused(.forbidden, code: nil, message: "The user is suspended.")
    }

    /// Forms cannot set headers: those of the pages that are open to everybody name their attempt in the address.
    private static func attempt(_ query: [String: String], _ operation: Kernel.Operation) -> String? {
        operation.credentials == .optional && operation.method == .post ? query["attempt"] : nil
    }

    private func refuseInternal(_ headers: [String: String]) throws {
        let found = Authentication.internalHeaders.filter { headers[$0] != nil }
        guard found.isEmpty else {
            throw RequestError.refused(
                .invalid, code: "InternalHeaderRejected", message: "Clients must not send \(found.joined(separator: ", ")).")
        }
    }

    private func body(of request: HummingbirdCore.Request) async throws -> [UInt8] {
        if request.headers[.contentLength] == nil, request.headers[.transferEncoding] == nil { return [] }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > settings.bodyLimit { throw tooLarge }
        let limit = settings.bodyLimit, tooLarge = tooLarge
        return try await withThrowingTaskGroup(of: [UInt8].self) { [request] group in
            group.addTask {
                var request = request
                do { return Array(buffer: try await request.collectBody(upTo: limit)) } catch is NIOTooManyBytesError { throw tooLarge }
            }
            group.addTask {
                try await Task.sleep(for: Self.bodyPatience)
                throw RequestError.problems([Problem("body", "did not arrive within 30 s")])
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private var tooLarge: RequestError { .problems([Problem("body", "must not be larger than \(settings.bodyLimit) bytes")]) }

    private static func members(_ bytes: [UInt8], of operation: Kernel.Operation) throws -> JSON.Object {
        guard operation.method != .get, !bytes.isEmpty else { return [:] }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch {
            throw RequestError.problems([Problem("body", "is not acceptable JSON: \(error)")])
        }
        guard let members = json.members else { throw RequestError.problems([Problem("body", "must be a JSON object")]) }
        return members
    }

    private static func headers(of request: HummingbirdCore.Request) -> [String: String] {
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        return headers
    }

    private static func path(_ context: EdgeContext) throws -> [String: String] {
        var values: [String: String] = [:]
        for (name, raw) in context.parameters {
            guard let value = decoded(raw), !value.isEmpty, !value.unicodeScalars.contains("\u{0}") else {
                throw RequestError.problems([Problem(String(name), "is not a well-formed path segment")])
            }
            values[String(name)] = value
        }
        return values
    }

    private static func query(_ request: HummingbirdCore.Request) throws -> [String: String] {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            // As forms write it: + is a blank.
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                decoded($0.replacing("+", with: " ")[...])
            }
            guard let name = parts.first ?? nil, let value = parts.count > 1 ? parts[1] : "" else {
                throw RequestError.problems([Problem("query", "is not well encoded")])
            }
            guard !value.unicodeScalars.contains("\u{0}") else { throw RequestError.problems([Problem(name, "must not contain U+0000")]) }
            values[name] = value
        }
        return values
    }

    /// Undoes percent-encoding (RFC 3986 §2.1); nil when it is broken or not UTF-8.
    private static func decoded(_ raw: Substring) -> String? {
        var bytes: [UInt8] = [], rest = Array(raw.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else { bytes.append(byte); continue }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
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
