import Kernel
import Tokens

/// The claims of a verified token.
struct TokenClaims: Sendable {
    let subject: String?
    let userID: String?
    let email: String?
    /// Whether the issuer vouches for the address. Any claim other than true counts as false; the settings decide when there is no claim.
    let emailIsVerified: Bool
}

/// Verifies bearer tokens and reads what they say of a person.
struct BearerTokens: Sendable {
    private let settings: EdgeSettings
    private let verifier: TokenVerifier

    init(
        settings: EdgeSettings, fetch: @escaping @Sendable (String) async throws -> [UInt8], clock: @escaping @Sendable () -> Timestamp,
        elapsed: (@Sendable () -> Duration)? = nil
    ) async {
        self.settings = settings
        verifier = await TokenVerifier(
            TokenVerifier.Expectations(
                keySet: settings.jwksURL, issuer: settings.issuer, audience: settings.audience,
                secret: settings.isDevelopment ? settings.developmentSecret : nil), fetch: fetch, clock: clock, elapsed: elapsed)
    }

    /// Throws `RequestError.unauthenticated` for anything but a valid token.
    func verify(_ token: String) async throws -> TokenClaims {
        do {
            let claims = try await verifier.verify(token)
            return TokenClaims(
                subject: claims["sub"]?.text, userID: claims[settings.userIDClaim]?.text, email: claims[settings.emailClaim]?.text,
                emailIsVerified: claims["email_verified"].map { $0 == true } ?? !settings.requiresVerifiedEmail)
        } catch { throw RequestError.unauthenticated(error.message) }
    }
}
