import Crypto
import CryptoExtras
import Foundation
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import HTTPEdge

/// An issuer of tokens with a key set that the test changes, and a count of how often the set was read.
final class Issuer: Sendable {
    let rsa = try! _RSA.Signing.PrivateKey(keySize: .bits2048)
    let ec = P256.Signing.PrivateKey()
    private let state = Mutex((kids: ["rsa", "ec"], reads: 0, isDown: false))

    func publish(_ kids: [String]) { state.withLock { $0.kids = kids } }
    func set(isDown: Bool) { state.withLock { $0.isDown = isDown } }
    var reads: Int { state.withLock { $0.reads } }

    struct Down: Error {}

    func keySet() throws -> [UInt8] {
        let kids = try state.withLock { state in
            state.reads += 1
            if state.isDown { throw Down() }
            return state.kids
        }
        let primitives = try rsa.publicKey.getKeyPrimitives(), point = ec.publicKey.rawRepresentation
        let keys = kids.map { kid -> JSON in
            kid.hasPrefix("rsa")
                ? [
                    "kty": "RSA", "kid": .string(kid), "use": "sig", "n": .string(Self.base64URL(primitives.modulus)),
                    "e": .string(Self.base64URL(primitives.publicExponent)),
                ]
                : [
                    "kty": "EC", "crv": "P-256", "kid": .string(kid), "x": .string(Self.base64URL(point.prefix(32))),
                    "y": .string(Self.base64URL(point.suffix(32))),
                ]
        }
        return JSON.object(["keys": .array(keys)]).bytes
    }

    func token(_ algorithm: String, kid: String?, _ claims: JSON.Object, secret: String = "development-only-secret") throws -> String {
        let header: JSON = ["alg": .string(algorithm), "typ": "JWT", "kid": kid.map(JSON.string)]
        let signed = Self.base64URL(Data(header.bytes)) + "." + Self.base64URL(Data(JSON.object(claims).bytes)), data = Data(signed.utf8)
        let signature: Data =
            switch algorithm {
            case "RS256": try rsa.signature(for: SHA256.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
            case "ES256": try ec.signature(for: data).rawRepresentation
            case "HS256": Data(HMAC<SHA256>.authenticationCode(for: data, using: SymmetricKey(data: Data(secret.utf8))))
            default: Data()
            }
        return signed + "." + Self.base64URL(signature)
    }

    static func base64URL(_ data: some DataProtocol) -> String {
        Data(data).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

@Suite final class TokenTests: Sendable {
    let issuer = Issuer()
    static let now = Timestamp(milliseconds: 1_755_680_400_000)
    let clock = Mutex(now)

    func verifier(_ change: (inout EdgeSettings) -> Void = { _ in }) async -> BearerTokens {
        var settings = EdgeSettings()
        settings.issuer = "https://id.example/"
        settings.audience = "api"
        settings.jwksURL = "https://id.example/keys"
        settings.developmentSecret = "development-only-secret"
        change(&settings)
        return await BearerTokens(
            settings: settings, fetch: { [issuer] _ in try issuer.keySet() }, clock: { [self] in clock.withLock { $0 } },
            elapsed: { [self] in .milliseconds(clock.withLock { $0 }.milliseconds) })
    }

    func claims(_ more: JSON.Object = [:]) -> JSON.Object {
        (["iss": "https://id.example/", "aud": "api", "sub": "u-1", "exp": .int(Self.now.seconds + 60), "email": "a@b.example"]
            as JSON.Object).merging(more)
    }

    func refuses(_ verifier: BearerTokens, _ token: String, at place: SourceLocation = #_sourceLocation) async {
        do {
            _ = try await verifier.verify(token)
            Issue.record("the token was taken", sourceLocation: place)
        } catch RequestError.unauthenticated {} catch { Issue.record("\(error)", sourceLocation: place) }
    }

    @Test(arguments: [("RS256", "rsa"), ("ES256", "ec")]) func `tokens of the issuer are taken`(algorithm: String, kid: String) async throws
    {
        let found = try await verifier().verify(try issuer.token(algorithm, kid: kid, claims()))
        #expect(found.subject == "u-1" && found.email == "a@b.example" && found.emailIsVerified)
    }

    @Test func `the audience may be one of several`() async throws {
        #expect(try await verifier().verify(try issuer.token("RS256", kid: "rsa", claims(["aud": ["other", "api"]]))).subject == "u-1")
    }

    @Test(
        arguments: [
            ["iss": "https://else.example/"], ["aud": "other"], ["aud": ["x", "y"]], ["exp": .int(now.seconds)], ["exp": "soon"],
            ["nbf": .int(now.seconds + 600)],
        ] as [JSON.Object]) func `a claim that does not fit is refused`(change: JSON.Object) async throws
    {
        await refuses(await verifier(), try issuer.token("RS256", kid: "rsa", claims(change)))
    }

    @Test func `a token without an end is refused`() async throws {
        var endless = claims()
        endless["exp"] = nil
        await refuses(await verifier(), try issuer.token("RS256", kid: "rsa", endless))
    }

    /// RFC 8725 §3.1: the key says how it is used, not the token.
    @Test func `the algorithm is the key's`() async throws {
        let verifier = await verifier()
        await refuses(verifier, try issuer.token("ES256", kid: "rsa", claims()))
        await refuses(verifier, try issuer.token("RS256", kid: "ec", claims()))
        await refuses(verifier, try issuer.token("none", kid: "rsa", claims()))
        let modulus = String(decoding: try issuer.keySet(), as: UTF8.self)
        await refuses(verifier, try issuer.token("HS256", kid: "rsa", claims(), secret: modulus))
        await refuses(verifier, try issuer.token("RS256", kid: nil, claims()))
    }

    @Test func `a signature of somebody else is refused`() async throws {
        await refuses(await verifier(), try Issuer().token("RS256", kid: "rsa", claims()))
        await refuses(await verifier(), try Issuer().token("ES256", kid: "ec", claims()))
    }

    @Test(arguments: ["", "x", "a.b.c", "e30.e30.", String(repeating: "a", count: 9_000)]) func `what is no token is refused`(text: String)
        async
    {
        await refuses(await verifier(), text)
    }

    @Test func `the development secret counts in development only`() async throws {
        let token = try issuer.token("HS256", kid: nil, claims())
        #expect(try await verifier().verify(token).subject == "u-1")
        await refuses(await verifier { $0.isDevelopment = false }, token)
        await refuses(await verifier(), try issuer.token("HS256", kid: nil, claims(), secret: "another"))
    }

    @Test func `claim names are settings`() async throws {
        let verifier = await verifier {
            $0.userIDClaim = "uid"; $0.emailClaim = "mail"
        }
        let found = try await verifier.verify(
            try issuer.token("RS256", kid: "rsa", claims(["uid": "7", "mail": "x@y.example", "email_verified": true])))
        #expect(found.userID == "7" && found.email == "x@y.example" && found.emailIsVerified == true)
    }

    @Test func `the key set is read once for many, and again for an unknown key`() async throws {
        let verifier = await verifier(), token = try issuer.token("RS256", kid: "rsa", claims())
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 { group.addTask { _ = try await verifier.verify(token) } }
            try await group.waitForAll()
        }
        #expect(issuer.reads == 1)
        issuer.publish(["rsa-2"])
        let rotated = try issuer.token("RS256", kid: "rsa-2", claims())
        await refuses(verifier, rotated)  // too soon after the last reading: unknown keys must not become a storm
        for _ in 0..<20 { await refuses(verifier, try issuer.token("RS256", kid: "invented", claims())) }
        #expect(issuer.reads == 1)
        clock.withLock { $0 = $0 + .seconds(31) }
        #expect(try await verifier.verify(rotated).subject == "u-1")
        #expect(issuer.reads == 2)
    }

    @Test func `known keys stay while the issuer is away`() async throws {
        let verifier = await verifier(), token = try issuer.token("RS256", kid: "rsa", claims(["exp": .int(Self.now.seconds + 9_000)]))
        _ = try await verifier.verify(token)
        issuer.set(isDown: true)
        clock.withLock { $0 = $0 + .seconds(700) }
        #expect(try await verifier.verify(token).subject == "u-1")
        #expect(issuer.reads == 2)
    }
}

@Suite struct EdgePartsTests {
    @Test func `a minute's worth of requests may come at once, then they are spread`() throws {
        let limiter = RateLimiter(perMinute: 60), caller = Caller.key(org: "acme", isSuper: false), now = Duration.zero
        for left in (0..<60).reversed() { #expect(try limiter.admit(caller, address: "", at: now)?.remaining == left) }
        #expect(throws: RequestError.tooManyRequests(retryAfter: .seconds(1))) { try limiter.admit(caller, address: "", at: now) }
        #expect(throws: Never.self) { try limiter.admit(.key(org: "other", isSuper: false), address: "", at: now) }
        #expect(throws: Never.self) { try limiter.admit(caller, address: "", at: now + .seconds(1)) }
        #expect(throws: RequestError.self) { try limiter.admit(caller, address: "", at: now + .seconds(1)) }
    }

    @Test func `whoever asks a little too often gets what the limit allows`() throws {
        let limiter = RateLimiter(perMinute: 60), caller = Caller.key(org: "acme", isSuper: false)
        for _ in 0..<60 { _ = try limiter.admit(caller, address: "", at: .zero) }
        let admitted = (1...60).filter { (try? limiter.admit(caller, address: "", at: .milliseconds(Int64($0) * 600))) != nil }
        #expect((35...36).contains(admitted.count), "\(admitted.count)")
    }

    @Test func `staff, super keys and a limit of zero are free`() throws {
        for caller in [Caller.staff(email: "s@x"), .key(org: "ops", isSuper: true)] {
            let limiter = RateLimiter(perMinute: 1)
            for _ in 0..<5 { #expect(try limiter.admit(caller, address: "", at: .zero) == nil) }
        }
        #expect(try RateLimiter(perMinute: 0).admit(.anonymous, address: "a", at: .zero) == nil)
    }

    @Test func `callers without a name are told apart by their address`() throws {
        let limiter = RateLimiter(perMinute: 1)
        _ = try limiter.admit(.anonymous, address: "192.0.2.1", at: .zero)
        #expect(throws: RequestError.self) { try limiter.admit(.anonymous, address: "192.0.2.1", at: .zero) }
        #expect(throws: Never.self) { try limiter.admit(.anonymous, address: "192.0.2.2", at: .zero) }
    }

    @Test func `nobody gets a full bucket by many others coming, and who has not come for a minute is forgotten`() throws {
        let limiter = RateLimiter(perMinute: 60), caller = Caller.key(org: "acme", isSuper: false)
        for _ in 0..<60 { _ = try limiter.admit(caller, address: "", at: .zero) }
        for number in 0..<60_000 { _ = try limiter.admit(.anonymous, address: "\(number)", at: .zero) }
        #expect(throws: RequestError.self) { try limiter.admit(caller, address: "", at: .zero) }
        for number in 0..<60_000 { _ = try limiter.admit(.anonymous, address: "later \(number)", at: .seconds(120)) }
        #expect(limiter.count < 130_000 && (try? limiter.admit(caller, address: "", at: .seconds(120))) != nil)
    }

    @Test func `an IPv6 network counts as one`() {
        #expect(Network.counted("2001:db8:1:2:3:4:5:6") == Network.counted("2001:db8:1:2:ffff::1"))
        #expect(Network.counted("2001:db8:1:2::1") != Network.counted("2001:db8:1:3::1"))
        #expect(Network.counted("192.0.2.7") == "192.0.2.7" && Network.counted("::ffff:192.0.2.7") == "::ffff:192.0.2.7")
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false),
        ("192.168.1.128/25", "192.168.1.127", false), ("192.168.1.128/25", "192.168.1.200", true),
        ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("0.0.0.0/0", "::1", false),
        ("::/0", "::1", true),
    ]) func `networks contain their addresses`(network: String, address: String, isInside: Bool) throws {
        #expect(TrustedProxies(networks: [try #require(Network(network))]).trusts(address) == isInside)
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0/8", "x", "1.2.3.4/-1", "1.2.3.4/8/8", "::1/129"]) func `other texts are no networks`(
        text: String
    ) {
        #expect(Network(text) == nil)
    }

    @Test func `only trusted proxies are believed about the client`() throws {
        let proxies = TrustedProxies(networks: [try #require(Network("10.0.0.0/8"))])
        #expect(proxies.client(peer: "192.0.2.9", forwardedFor: "1.2.3.4") == "192.0.2.9")
        #expect(proxies.client(peer: "10.0.0.1", forwardedFor: "6.6.6.6, 192.0.2.7, 10.0.0.2") == "192.0.2.7")
        #expect(proxies.client(peer: "10.0.0.1", forwardedFor: nil) == "10.0.0.1")
        #expect(proxies.client(peer: "10.0.0.1", forwardedFor: "nonsense") == "10.0.0.1")
    }

    @Test(arguments: [([] as [UInt8], [] as [UInt8], true), ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([1], [1, 2], false)])
    func `secrets are compared as a whole`(a: [UInt8], b: [UInt8], areEqual: Bool) { #expect(Secret.areEqual(a, b) == areEqual) }

    @Test(arguments: ["", "Zg", "Zm8", "Zm9v", "_-8"]) func `base64 for URLs is read`(text: String) throws {
        #expect(Issuer.base64URL(Data(try #require(Base64URL.decode(text)))) == text)
    }
}
