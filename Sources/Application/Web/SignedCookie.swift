public import Kernel

/// A value that the browser keeps and cannot change: JSON with a keyed digest (HMAC, RFC 2104) and an end.
///
/// It can be read by whoever has it, so it holds nothing secret; see `Flash` for that.
public struct SignedCookie<Value: Codable & Sendable>: Sendable {
    /// The name; a cookie of that name that was signed for another purpose is not accepted.
    public let name: String
    public let lifetime: Duration

    private struct Content: Codable {
        let value: Value
        let exp: Timestamp
    }

    public init(_ name: String, lifetime: Duration) { (self.name, self.lifetime) = (name, lifetime) }

    /// Returns the cookie to set. Over https its name begins with `__Host-`, so that no other host can set it (RFC 6265bis §4.1.3.2).
    public func setting(_ value: Value, isSecure: Bool, _ services: Services) throws -> Cookie {
        let content = try JSON(encoding: Content(value: value, exp: services.clock() + lifetime)).bytes
        let text = "\(Base64.encode(content)).\(Base64.encode(digests(of: content, services)[0]))"
        return Cookie(fullName(isSecure), text, path: "/", isSecure: isSecure, lifetime: lifetime)
    }

    /// Returns the cookie that removes it.
    public func removing(isSecure: Bool) -> Cookie { .removing(fullName(isSecure), path: "/", isSecure: isSecure) }

    /// Returns the value that a request carries; nil when there is none, it was altered, or its time is over.
    public func value(in request: Request, isSecure: Bool, _ services: Services) -> Value? {
        let parts = request.cookie(fullName(isSecure))?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, let content = Base64.decode(parts[0]), let digest = Base64.decode(parts[1]),
            // Keys are replaced while cookies live; every key of the ring counts.
            digests(of: content, services).contains(where: { Secret.areEqual($0, digest) }),
            let read = try? JSON.parse(content).decoded(as: Content.self), read.exp > services.clock()
        else { return nil }
        return read.value
    }

    private func digests(of content: [UInt8], _ services: Services) -> [[UInt8]] {
        services.vault.blindIndexes(content, "cookie \(name)")
    }

    private func fullName(_ isSecure: Bool) -> String { isSecure ? "__Host-" + name : name }
}
