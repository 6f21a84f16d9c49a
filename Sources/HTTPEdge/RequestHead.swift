import Application
import struct Application.Operation
import Hummingbird
import HummingbirdCore
import Kernel

/// The decoded head of a request. None of it is trusted yet.
struct RequestHead: Sendable {
    /// The request's id in logs and responses.
    let id: String
    let headers: Headers
    let query: [String: String]
    /// The client's address, for counting its requests.
    let address: String
    /// The `Idempotency-Key`, or the attempt that a page names in its address.
    let idempotencyKey: String?

    private static let longestPath = 2_048

    init(
        _ request: HummingbirdCore.Request, from peer: String, to operation: Operation, trusting proxies: [Network], id: String
    ) throws {
        self.id = id
        headers = Headers(request.headers.map { (name: $0.name.canonicalName, value: $0.value) })
        try Self.refuseInternal(headers)
        guard request.uri.path.utf8.count <= Self.longestPath else { throw RequestError.problems([Problem("path", "is too long")]) }
        address = Network.counted(TrustedProxies(networks: proxies).client(peer: peer, forwardedFor: headers["x-forwarded-for"]))
        query = try Self.query(request)
        idempotencyKey = headers["idempotency-key"] ?? Self.attempt(query, operation)
    }

    private static func refuseInternal(_ headers: Headers) throws {
        let found = Authentication.internalHeaders.filter { headers[$0] != nil }
        guard found.isEmpty else {
            throw RequestError.refused(
                .invalid, code: "InternalHeaderRejected", message: "Clients must not send \(found.joined(separator: ", ")).")
        }
    }

    /// Returns the attempt named in the address: forms cannot set headers, so public pages put it there.
    private static func attempt(_ query: [String: String], _ operation: Operation) -> String? {
        operation.credentials == .optional && operation.method == .post ? query["attempt"] : nil
    }

    /// Returns the address of an operation as the router takes it. It allows one name only for a place in all addresses that begin alike,
    /// so parameters are named by their places.
    static func route(of operation: Operation) -> String {
        operation.path.split(separator: "/").enumerated().map { $1.first == "{" ? ":" + placeName($0) : String($1) }.joined(separator: "/")
    }

    private static func placeName(_ place: Int) -> String { "step\(place)" }

    /// Returns the path parameters of a request to an operation.
    static func path(_ context: EdgeContext, of operation: Operation) throws -> [String: String] {
        var values: [String: String] = [:]
        for (place, step) in operation.path.split(separator: "/").enumerated() where step.first == "{" {
            let name = String(step.dropFirst().dropLast())
            guard let value = context.parameters.get(placeName(place)).flatMap({ decoded($0[...]) }), !value.isEmpty,
                !value.unicodeScalars.contains("\u{0}")
            else { throw RequestError.problems([Problem(name, "is not a well-formed path segment")]) }
            values[name] = value
        }
        return values
    }

    private static func query(_ request: HummingbirdCore.Request) throws -> [String: String] {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            // As forms encode it: + is a space.
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

    /// Decodes percent-encoding (RFC 3986 §2.1); returns nil when it is broken or not UTF-8.
    static func decoded(_ raw: Substring) -> String? {
        var bytes: [UInt8] = [], rest = Array(raw.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
