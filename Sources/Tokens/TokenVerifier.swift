import JWTKit
public import Kernel

/// Verifies signed tokens (RFC 7519): RS256 and ES256 with the issuer's key set, HS256 with the development secret.
///
/// The algorithm is pinned to the key (RFC 8725 §3.1): a token never chooses how it is verified.
public actor TokenVerifier {
    /// What a token must say, and what it is checked with.
    public struct Expectations: Sendable {
        /// Where the issuer's keys are read; nil when it has none.
        public var keySet: String?
        /// The `iss` of tokens; nil for any.
        public var issuer: String?
        /// The `aud` of tokens, or one of several; nil for any.
        public var audience: String?
        /// The secret of HS256 tokens; nil where they are not accepted.
        public var secret: String?

        public init(keySet: String? = nil, issuer: String? = nil, audience: String? = nil, secret: String? = nil) {
            self.keySet = keySet
            self.issuer = issuer
            self.audience = audience
            self.secret = secret
        }
    }

    /// Why a token is not accepted, in words for whoever sent it.
    public struct Refusal: Error, Sendable, Equatable {
        public let message: String
    }

    private let expected: Expectations
    private let fetch: @Sendable (String) async throws -> [UInt8]
    private let clock: @Sendable () -> Timestamp
    /// Monotonic time, which setting a clock does not affect.
    private let elapsed: @Sendable () -> Duration
    private var keys: [String: PinnedKey] = [:]
    private var fetchedAt: Duration?
    private var isFetching: Task<Void, Never>?
    private let development: JWTKeyCollection?

    private struct PinnedKey { let algorithm: String, collection: JWTKeyCollection }

    /// A key set is read again after `freshness`, and for an unknown key id no sooner than after `pause`.
    private static let freshness = Duration.seconds(600)
    private static let pause = Duration.seconds(30)

    /// - Parameters:
    ///   - fetch: reads what is at a URL.
    ///   - elapsed: monotonic time; that of the process when absent.
    public init(
        _ expected: Expectations, fetch: @escaping @Sendable (String) async throws -> [UInt8],
        clock: @escaping @Sendable () -> Timestamp, elapsed: (@Sendable () -> Duration)? = nil
    ) async {
        self.expected = expected
        self.fetch = fetch
        self.clock = clock
        self.elapsed = elapsed ?? Self.sinceStart
        if let secret = expected.secret {
            // HMAC pads short keys with zeros to its block size of 64 bytes (RFC 2104 §2); the library requires at least 32.
            let key = Array(secret.utf8) + Array(repeating: 0, count: max(0, 64 - secret.utf8.count))
            development = await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256)
        } else {
            development = nil
        }
    }

    private static let start = ContinuousClock.now
    private static let sinceStart: @Sendable () -> Duration = { start.duration(to: .now) }

    /// Returns the claims of a valid token; throws `Refusal` for anything else.
    public func verify(_ token: String) async throws(Refusal) -> JSON.Object {
        guard token.utf8.count <= 8_192, let header = Self.header(of: token), let algorithm = header["alg"]?.text else {
            throw Refusal(message: "The token cannot be read.")
        }
        // Critical extensions must be understood, and none is known here (RFC 7515 §4.1.11).
        guard header["crit"] == nil else { throw Refusal(message: "The token needs extensions that are not known here.") }
        let collection = try await collection(for: algorithm, kid: header["kid"]?.text)
        let claims: Claims
        do { claims = try await collection.verify(token, as: Claims.self) } catch {
            throw Refusal(message: "The token is not valid.")
        }
        try check(claims.members)
        return claims.members
    }

    private func collection(for algorithm: String, kid: String?) async throws(Refusal) -> JWTKeyCollection {
        switch algorithm {
        case "HS256":
            guard let development else { throw Refusal(message: "The token's algorithm is not accepted.") }
            return development
        case "RS256", "ES256":
            guard let kid, let key = await key(kid), key.algorithm == algorithm else {
                throw Refusal(message: "The token is signed with an unknown key.")
            }
            return key.collection
        default: throw Refusal(message: "The token's algorithm is not accepted.")
        }
    }

    private func key(_ kid: String) async -> PinnedKey? {
        let age = fetchedAt.map { elapsed() - $0 }
        let isStale = age.map { $0 > Self.freshness } ?? true
        if isStale || (keys[kid] == nil && age! > Self.pause) { await refresh() }
        return keys[kid]
    }

    /// Reads the key set; concurrent callers share the one request. Old keys stay when it fails.
    private func refresh() async {
        if let isFetching { return await isFetching.value }
        guard let url = expected.keySet else { return }
        let task = Task {
            defer { fetchedAt = elapsed() }
            guard let bytes = try? await fetch(url), let set = try? JSON.parse(bytes, depth: 8), let items = set["keys"]?.items else {
                return
            }
            var found: [String: PinnedKey] = [:]
            for item in items {
                guard let (kid, key) = await Self.pinned(item) else { continue }
                found[kid] = key
            }
            keys = found
        }
        isFetching = task
        await task.value
        isFetching = nil
    }

    private static func pinned(_ item: JSON) async -> (String, PinnedKey)? {
        let algorithm: String
        switch (item["kty"]?.text, item["crv"]?.text) {
        case ("RSA", _): algorithm = "RS256"
        case ("EC", "P-256"): algorithm = "ES256"
        default: return nil
        }
        guard let kid = item["kid"]?.text, item["alg"]?.text ?? algorithm == algorithm, item["use"]?.text ?? "sig" == "sig" else {
            return nil
        }
        var members = item.members ?? [:]
        members["alg"] = .string(algorithm)
        let set = JSON.object(["keys": [.object(members)]]).encoded
        guard let collection = try? await JWTKeyCollection().add(jwksJSON: set) else { return nil }
        return (kid, PinnedKey(algorithm: algorithm, collection: collection))
    }

    private func check(_ claims: JSON.Object) throws(Refusal) {
        let now = Double(clock().milliseconds) / 1000
        guard let expiry = claims["exp"]?.number, expiry > now else { throw Refusal(message: "The token has expired.") }
        if let start = claims["nbf"]?.number, start > now + 60 { throw Refusal(message: "The token is not valid yet.") }
        if let issuer = expected.issuer, claims["iss"]?.text?.hasSameBytes(as: issuer) != true {
            throw Refusal(message: "The token has another issuer.")
        }
        if let audience = expected.audience {
            let named = claims["aud"]?.text.map { [$0] } ?? claims["aud"]?.items?.compactMap(\.text) ?? []
            guard named.contains(where: { $0.hasSameBytes(as: audience) }) else {
                throw Refusal(message: "The token is for another audience.")
            }
        }
    }

    private static func header(of token: String) -> JSON? {
        guard let first = token.split(separator: ".", omittingEmptySubsequences: false).first, let bytes = Base64URL.decode(first) else {
            return nil
        }
        return try? JSON.parse(bytes, depth: 4)
    }
}

/// All claims, whatever their names. The verifier checks times, issuer and audience.
private struct Claims: JWTPayload {
    let members: JSON.Object

    func verify(using algorithm: some JWTAlgorithm) async throws {}

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        var members: JSON.Object = [:]
        for key in container.allKeys {
            if let text = try? container.decode(String.self, forKey: key) {
                members[key.stringValue] = .string(text)
            } else if let flag = try? container.decode(Bool.self, forKey: key) {
                members[key.stringValue] = .bool(flag)
            } else if let number = try? container.decode(Double.self, forKey: key) {
                members[key.stringValue] = .double(number)
            } else if let texts = try? container.decode([String].self, forKey: key) {
                members[key.stringValue] = .array(texts.map(JSON.string))
            } else {
                // A claim of an unsupported type is still present: it must never count as absent.
                members[key.stringValue] = .null
            }
        }
        self.members = members
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(members.keys)
    }
}
