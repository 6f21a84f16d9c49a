import HTTPClient
public import Kernel
public import PartnersContracts
import Tokens

/// The identity provider of the portal: OpenID Connect with discovery, the authorization code flow and PKCE.
public actor OpenIDConnect {
    static let issuer = Setting.text(
        "SPKEY_OIDC_ISSUER", "The identity provider with which partners sign in to the portal. Without one the portal answers 503.",
        form: "a URL"
    ).checked { url, environment in
        guard let url else { return nil }
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return "must be a URL" }
        return environment == .prod && !url.hasPrefix("https://") ? "must be https:// in prod" : nil
    }
    static let clientID = Setting.text("SPKEY_OIDC_CLIENT_ID", "What the identity provider knows the portal as.")
    static let clientSecret = Setting.secret("SPKEY_OIDC_CLIENT_SECRET", "The secret of SPKEY_OIDC_CLIENT_ID.")
    public static let settings = [issuer.any, clientID.any, clientSecret.any]

    private struct Provider: Sendable {
        let authorization: String
        let token: String
        let verifier: TokenVerifier
    }
    private let issuer: String
    private let clientID: String
    private let clientSecret: String
    private let client: HTTPClient
    private let digest: @Sendable ([UInt8]) -> [UInt8]
    private let clock: @Sendable () -> Timestamp
    private var known: (provider: Provider, until: Timestamp)?

    /// How long what the provider says of itself is used without asking again.
    private static let freshness = Duration.seconds(3_600)
    private static let deadline = Duration.seconds(5)
    /// How far the clocks of the provider and of this machine may be apart.
    private static let drift = Duration.seconds(60)

    /// Nil where no provider is set.
    /// - Parameter digest: SHA-256.
    /// - Throws: `MissingSettings` when only a part of what is needed is set.
    public init?(_ settings: SettingValues, digest: @escaping @Sendable ([UInt8]) -> [UInt8], clock: @escaping @Sendable () -> Timestamp)
        throws
    {
        guard let issuer = settings[Self.issuer] else { return nil }
        guard let id = settings[Self.clientID], let secret = settings[Self.clientSecret] else { throw MissingSettings() }
        self.issuer = issuer
        clientID = id
        clientSecret = secret
        client = HTTPClient(publicOnly: false)
        self.digest = digest
        self.clock = clock
    }

    public struct MissingSettings: Error, CustomStringConvertible {
        public var description: String { "SPKEY_OIDC_ISSUER needs SPKEY_OIDC_CLIENT_ID and SPKEY_OIDC_CLIENT_SECRET" }
    }

    public nonisolated var port: SignIn {
        SignIn(begin: { try await self.begin($0, $1) }, finish: { try await self.finish($0, $1, $2) })
    }

    private func begin(_ attempt: SignIn.Attempt, _ redirect: String) async throws -> String {
        let provider = try await provider()
        let query = Form.encode([
            ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirect), ("scope", "openid email profile"),
            ("state", attempt.state), ("nonce", attempt.nonce),
            ("code_challenge", Base64URL.encode(digest(Array(attempt.verifier.utf8)))), ("code_challenge_method", "S256"),
        ])
        return provider.authorization + (provider.authorization.contains("?") ? "&" : "?") + query
    }

    private func finish(_ code: String, _ attempt: SignIn.Attempt, _ redirect: String) async throws -> SignIn.Person {
        let provider = try await provider()
        let form = Form.encode([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("client_id", clientID),
            ("client_secret", clientSecret), ("code_verifier", attempt.verifier),
        ])
        let response = try await send(
            OutgoingRequest(
                "POST", provider.token,
                headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")], body: Array(form.utf8),
                deadline: Self.deadline))
        let answer = (try? JSON.parse(response.body, depth: 8)) ?? .null
        guard response.status == 200, let token = answer["id_token"]?.text else {
            guard response.status < 500 else { throw SignIn.Failure.unavailable("the token endpoint answers \(response.status)") }
            throw SignIn.Failure.refused(answer["error"]?.text ?? "the token endpoint answers \(response.status)")
        }
        return try await person(of: token, attempt, provider)
    }

    /// Reads who has signed in from an ID token (OpenID Connect Core 1.0 §3.1.3.7).
    private func person(of token: String, _ attempt: SignIn.Attempt, _ provider: Provider) async throws -> SignIn.Person {
        let claims: JSON.Object
        do { claims = try await provider.verifier.verify(token) } catch { throw SignIn.Failure.refused(error.message) }
        guard claims["nonce"]?.text.map({ Secret.areEqual($0, attempt.nonce) }) == true else {
            throw SignIn.Failure.refused("the token is not of this sign-in")
        }
        if let party = claims["azp"]?.text, party != clientID { throw SignIn.Failure.refused("the token is for another client") }
        guard let issued = claims["iat"]?.number, issued <= Double((clock() + Self.drift).seconds) else {
            throw SignIn.Failure.refused("the token is from the future")
        }
        guard let subject = claims["sub"]?.text, !subject.isEmpty else { throw SignIn.Failure.refused("the token names nobody") }
        guard let email = claims["email"]?.text, email.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x80 }), claims["email_verified"] == true else {
            throw SignIn.Failure.unverifiedEmail
        }
        return SignIn.Person(subject: subject, email: email.lowercased())
    }

    /// What the provider says of itself (OpenID Connect Discovery 1.0 §4).
    private func provider() async throws -> Provider {
        if let known, known.until > clock() { return known.provider }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let response = try await send(OutgoingRequest("GET", base + "/.well-known/openid-configuration", deadline: Self.deadline))
        guard response.status == 200, let document = try? JSON.parse(response.body, depth: 16),
            let authorization = document["authorization_endpoint"]?.text, let token = document["token_endpoint"]?.text,
            let keys = document["jwks_uri"]?.text
        else { throw SignIn.Failure.unavailable("there is no discovery document at \(issuer)") }
        guard document["issuer"]?.text?.hasSameBytes(as: issuer) == true else {
            throw SignIn.Failure.unavailable("the discovery document is of another issuer: SPKEY_OIDC_ISSUER must be as it says")
        }
        let verifier = await TokenVerifier(
            TokenVerifier.Expectations(keySet: keys, issuer: issuer, audience: clientID),
            fetch: { [client] url in
                let response = try await client.send(OutgoingRequest("GET", url, deadline: Self.deadline))
                guard response.status == 200 else { throw SignIn.Failure.unavailable("the keys answer \(response.status)") }
                return response.body
            }, clock: clock)
        let provider = Provider(authorization: authorization, token: token, verifier: verifier)
        known = (provider, clock() + Self.freshness)
        return provider
    }

    private func send(_ request: OutgoingRequest) async throws -> OutgoingResponse {
        do { return try await client.send(request) } catch { throw SignIn.Failure.unavailable("\(error)") }
    }
}

/// A form, as it is sent (application/x-www-form-urlencoded).
enum Form {
    static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0.0.utf8))=\(PercentEncoding.encode($0.1.utf8))" }.joined(separator: "&")
    }
}
