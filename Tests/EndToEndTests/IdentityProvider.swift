import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import KernelTesting
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

/// An OpenID provider that signs in whoever the test says, and makes the mistakes that the test asks for.
final class IdentityProvider: Sendable {
    enum Mistake: CaseIterable { case nonce, audience, issuer, expiry, key, unsigned, unverified, noEmail, future, party }

    private struct Grant {
        let challenge: String
        let nonce: String
        let redirect: String
        let email: String
    }
    private struct State {
        var email = "nobody@example.com"
        var mistake: Mistake?
        var grants: [String: Grant] = [:]
        var isDown = false
    }
    private let state = Mutex(State())
    private let key = P256.Signing.PrivateKey(), otherKey = P256.Signing.PrivateKey()
    let port: Int

    private init() throws { port = try Installation.freePort() }

    var issuer: String { "http://127.0.0.1:\(port)/" }
    var settings: [String: String] {
        ["SPKEY_OIDC_ISSUER": issuer, "SPKEY_OIDC_CLIENT_ID": "portal", "SPKEY_OIDC_CLIENT_SECRET": "the-secret-of-the-portal"]
    }
    func signIn(as email: String, making mistake: Mistake? = nil) { state.withLock { ($0.email, $0.mistake) = (email, mistake) } }
    func set(isDown: Bool) { state.withLock { $0.isDown = isDown } }

    static func with(_ body: (IdentityProvider) async throws -> Void) async throws {
        let provider = try IdentityProvider(), isUp = Mutex(false), router = Router()
        router.get(".well-known/openid-configuration") { _, _ in try provider.answer { provider.discovery } }
        router.get("jwks") { _, _ in try provider.answer { provider.keySet } }
        router.get("authorize") { request, _ in provider.authorize(request) }
        router.post("token") { request, _ in
            let form = Array(buffer: try await request.body.collect(upTo: 1 << 16))
            return try provider.answer { try provider.redeem(String(decoding: form, as: UTF8.self)) }
        }
        let quiet = Logger(label: "provider") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: provider.port)),
            onServerRunning: { _ in isUp.withLock { $0 = true } }, logger: quiet)
        let running = Task { try await ServiceGroup(services: [application], logger: quiet).run() }
        #expect(try await eventually { isUp.withLock { $0 } })
        defer { running.cancel() }
        try await body(provider)
    }

    private struct Refused: Error {}

    private func answer(_ body: () throws -> JSON) throws -> Response {
        if state.withLock({ $0.isDown }) { return Response(status: .serviceUnavailable) }
        do {
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: try body().bytes)))
        } catch is Refused {
            let reason: JSON = ["error": "invalid_grant"]
            return Response(status: .badRequest, body: .init(byteBuffer: ByteBuffer(bytes: reason.bytes)))
        }
    }

    private var discovery: JSON {
        [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "authorize"), "token_endpoint": .string(issuer + "token"),
            "jwks_uri": .string(issuer + "jwks"),
        ]
    }

    private var keySet: JSON {
        let point = key.publicKey.rawRepresentation
        return [
            "keys": [
                [
                    "kty": "EC", "crv": "P-256", "kid": "k", "x": .string(Base64URL.encode(Array(point.prefix(32)))),
                    "y": .string(Base64URL.encode(Array(point.suffix(32)))),
                ]
            ]
        ]
    }

    /// Signs in at once, as somebody who has a session at the provider.
    private func authorize(_ request: Request) -> Response {
        let query = request.uri.queryParameters
        func value(_ name: String) -> String { query[Substring(name)].map(String.init) ?? "" }
        let code = UUID().uuidString, redirect = value("redirect_uri")
        let isRight = value("response_type") == "code" && value("code_challenge_method") == "S256" && value("client_id") == "portal"
        guard isRight else { return Response(status: .badRequest) }
        state.withLock { state in
            state.grants[code] = Grant(
                challenge: value("code_challenge"), nonce: value("nonce"), redirect: redirect, email: state.email)
        }
        return Response(status: .found, headers: [.location: "\(redirect)?code=\(code)&state=\(value("state"))"])
    }

    private func redeem(_ form: String) throws -> JSON {
        var fields: [String: String] = [:]
        for pair in form.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            fields[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        let grant = state.withLock { $0.grants.removeValue(forKey: fields["code"] ?? "") }
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Data((fields["code_verifier"] ?? "").utf8))))
        guard let grant, grant.challenge == challenge, grant.redirect == fields["redirect_uri"],
            fields["client_secret"] == "the-secret-of-the-portal"
        else { throw Refused() }
        return ["id_token": .string(try token(grant)), "token_type": "Bearer", "access_token": "a"]
    }

    private func token(_ grant: Grant) throws -> String {
        let mistake = state.withLock { $0.mistake }, now = Installation.now.seconds
        let claims: JSON = [
            "iss": .string(mistake == .issuer ? "http://elsewhere.example/" : issuer), "sub": .string("sub|\(grant.email)"),
            "aud": mistake == .audience ? "another" : "portal", "azp": mistake == .party ? "another" : nil,
            "iat": .int(mistake == .future ? now + 3_600 : now), "exp": .int(mistake == .expiry ? now - 1 : now + 600),
            "nonce": .string(mistake == .nonce ? "another" : grant.nonce), "email": mistake == .noEmail ? nil : .string(grant.email),
            "email_verified": .bool(mistake != .unverified),
        ]
        let header: JSON = ["alg": mistake == .unsigned ? "none" : "ES256", "kid": "k", "typ": "JWT"]
        let signed = Base64URL.encode(header.bytes) + "." + Base64URL.encode(claims.bytes)
        if mistake == .unsigned { return signed + "." }
        let signature = try (mistake == .key ? otherKey : key).signature(for: Data(signed.utf8))
        return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
    }
}
