import JWTKit
import Kernel
import Synchronization

/// The claims of a verified token.
struct TokenClaims: Sendable {
    let subject: String?
    let userID: String?
    let email: String?
    /// Whether the issuer vouches for the address. Any claim other than true counts as false; the settings decide when there is no claim.
    let emailIsVerified: Bool
}

/// Verifies bearer tokens: RS256 and ES256 with the issuer's key set, HS256 with the development secret.
///
/// The algorithm is pinned to the key (RFC 8725 §3.1): a token never chooses how it is verified.
actor TokenVerifier {
    private let settings: EdgeSettings
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

    init(
        settings: EdgeSettings, fetch: @escaping @Sendable (String) async throws -> [UInt8], clock: @escaping @Sendable () -> Timestamp,
        elapsed: @escaping @Sendable () -> Duration = TokenVerifier.sinceStart
    ) async {
        self.settings = settings
        self.fetch = fetch
        self.clock = clock
        self.elapsed = elapsed
        if settings.isDevelopment, let secret = settings.developmentSecret {
            // HMAC pads short keys with zeros to its block size of 64 bytes (RFC 2104 §2); the library requires at least 32.
            let key = Array(secret.utf8) + Array(repeating: 0, count: max(0, 64 - secret.utf8.count))
            development = await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256)
        } else {
            development = nil
        }
    }

    private static let start = ContinuousClock.now
    private static let sinceStart: @Sendable () -> Duration = { start.duration(to: .now) }

    /// Throws `RequestError.unauthenticated` for anything but a valid token.
    func verify(_ token: String) async throws -> TokenClaims {
        guard token.utf8.count <= 8_192, let header = Self.header(of: token), let algorithm = header["alg"]?.text else {
            throw RequestError.unauthenticated("The token cannot be read.")
        }
        // Critical extensions must be understood, and none is known here (RFC 7515 §4.1.11).
        guard header["crit"] == nil else { throw RequestError.unauthenticated("The token needs extensions that are not known here.") }
        let collection = try await collection(for: algorithm, kid: header["kid"]?.text)
        let claims: Claims
        do { claims = try await collection.verify(token, as: Claims.self) } catch {
            throw RequestError.unauthenticated("The token is not valid.")
        }
        try check(claims.members)
        return TokenClaims(
            subject: claims.members["sub"]?.text, userID: claims.members[settings.userIDClaim]?.text,
            email: claims.members[settings.emailClaim]?.text,
            emailIsVerified: claims.members["email_verified"].map { $0 == true } ?? !settings.requiresVerifiedEmail)
    }

    private func collection(for algorithm: String, kid: String?) async throws -> JWTKeyCollection {
        switch algorithm {
        case "HS256":
            guard let development else { throw RequestError.unauthenticated("The token's algorithm is not accepted.") }
            return development
        case "RS256", "ES256":
            guard let kid, let key = try await key(kid), key.algorithm == algorithm else {
                throw RequestError.unauthenticated("The token is signed with an unknown key.")
            }
            return key.collection
        default: throw RequestError.unauthenticated("The token's algorithm is not accepted.")
        }
    }

    private func key(_ kid: String) async throws -> PinnedKey? {
        let age = fetchedAt.map { elapsed() - $0 }
        let isStale = age.map { $0 > Self.freshness } ?? true
        if isStale || (keys[kid] == nil && age! > Self.pause) { await refresh() }
        return keys[kid]
    }

    /// Reads the key set; concurrent callers share the one request. Old keys stay when it fails.
    private func refresh() async {
        if let isFetching { return await isFetching.value }
        guard let url = settings.jwksURL else { return }
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

    private func check(_ claims: JSON.Object) throws {
        let now = Double(clock().milliseconds) / 1000
        guard let expiry = claims["exp"]?.number, expiry > now else { throw RequestError.unauthenticated("The token has expired.") }
        if let start = claims["nbf"]?.number, start > now + 60 { throw RequestError.unauthenticated("The token is not valid yet.") }
        if let issuer = settings.issuer, claims["iss"]?.text?.hasSameBytes(as: issuer) != true {
            throw RequestError.unauthenticated("The token has another issuer.")
        }
        if let audience = settings.audience {
            let named = claims["aud"]?.text.map { [$0] } ?? claims["aud"]?.items?.compactMap(\.text) ?? []
            guard named.contains(where: { $0.hasSameBytes(as: audience) }) else {
                throw RequestError.unauthenticated("The token is for another audience.")
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

/// Base64 with the URL alphabet and without padding (RFC 4648 §5).
enum Base64URL {
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var out: [UInt8] = [], buffer: UInt32 = 0, bits = 0
        for byte in text.utf8 {
            guard let value = value(of: byte) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 { bits -= 8; out.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits))) }
        }
        return out
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
