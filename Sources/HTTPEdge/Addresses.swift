import HTTPTypes
import HummingbirdCore
import Kernel

/// The methods that the addresses of the API accept.
struct Addresses: Sendable {
    private struct Pattern: Sendable {
        /// Nil when a segment is a parameter.
        let segments: [String?]
        let methods: Set<HTTPRequest.Method>
    }
    private let patterns: [Pattern]

    init(_ routes: [(Kernel.Method, String)]) {
        patterns = Dictionary(grouping: routes, by: \.1).map { path, routes in
            let segments = path.split(separator: "/").map { $0.first == "{" ? nil : String($0) }
            let methods = Set(routes.compactMap { HTTPRequest.Method($0.0.rawValue) })
            return Pattern(segments: segments, methods: methods.contains(.get) ? methods.union([.head]) : methods)
        }
    }

    /// Returns the methods of a path; none for an unknown path.
    func methods(of path: String) -> Set<HTTPRequest.Method> {
        let segments = path.split(separator: "/")
        return patterns.filter { pattern in
            pattern.segments.count == segments.count
                && zip(pattern.segments, segments).allSatisfy { wanted, given in wanted.map { $0 == given } ?? true }
        }.reduce(into: []) { $0.formUnion($1.methods) }
    }

    static func list(_ methods: Set<HTTPRequest.Method>) -> String { methods.map(\.rawValue).sorted().joined(separator: ", ") }
}

/// Calls from pages of other origins (Fetch Standard, "CORS protocol"): allowed for the configured origins only.
struct CrossOrigin: Sendable {
    private let origins: [String]
    private static let exposed =
        """
        X-Request-Id, X-Action-Id, X-Device-Offline, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, \
        Idempotent-Replayed, Location
        """
    private static let taken = "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id"

    init(_ origins: [String]) { self.origins = origins }

    private func origin(of request: HummingbirdCore.Request) -> String? {
        request.headers[.origin].flatMap { origin in origins.contains { $0.hasSameBytes(as: origin) } ? origin : nil }
    }

    /// Returns the response to a preflight; nil for a request that is not a preflight of an allowed origin.
    func preflight(_ request: HummingbirdCore.Request, _ allowed: Set<HTTPRequest.Method>) -> Kernel.Response? {
        guard request.method == .options, !allowed.isEmpty, request.headers[.accessControlRequestMethod] != nil,
            let origin = origin(of: request)
        else { return nil }
        let headers = [
            "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": Addresses.list(allowed),
            "Access-Control-Allow-Headers": Self.taken,
            "Access-Control-Max-Age": "600", "Vary": "Origin",
        ]
        return Kernel.Response(204, headers: headers, body: .empty)
    }

    func expose(_ response: HummingbirdCore.Response, to request: HummingbirdCore.Request) -> HummingbirdCore.Response {
        guard !origins.isEmpty else { return response }
        var response = response
        response.headers[.vary] = [response.headers[.vary], "Origin"].compactMap(\.self).joined(separator: ", ")
        guard let origin = origin(of: request) else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
        return response
    }
}

/// Who may read the metrics: holders of the staff key or the metrics token, and local clients that connect without a proxy.
struct MetricsAccess {
    let settings: EdgeSettings
    init(_ settings: EdgeSettings) { self.settings = settings }

    func allows(_ request: HummingbirdCore.Request, from peer: String) -> Bool {
        if let token = settings.metricsToken, let given = request.headers[.authorization], Secret.areEqual(given, "Bearer \(token)") {
            return true
        }
        if !settings.adminKey.isEmpty, Secret.areEqual(request.headers[HTTPField.Name("X-Admin-API-Key")!] ?? "", settings.adminKey) {
            return true
        }
        return Network.isLoopback(peer) && request.headers[HTTPField.Name("X-Forwarded-For")!] == nil
    }
}
