public import Kernel

/// The port to the identity provider with which people sign in to the portal (OpenID Connect Core 1.0, authorization code flow).
public struct SignIn: Port {
    public static let title = "identity provider of the portal"

    /// What binds a sign-in that comes back to the browser that began it.
    public struct Attempt: Codable, Sendable, Equatable {
        /// Returned with the code (RFC 6749 §10.12).
        public let state: String
        /// Returned in the token (OpenID Connect Core 1.0 §3.1.2.1).
        public let nonce: String
        /// Shown when the code is redeemed; the provider has got its digest (PKCE, RFC 7636).
        public let verifier: String

        public init(state: String, nonce: String, verifier: String) {
            self.state = state
            self.nonce = nonce
            self.verifier = verifier
        }
    }

    /// Who has signed in.
    public struct Person: Sendable, Equatable {
        /// The provider's subject.
        public let subject: String
        /// An address that the provider has verified, in lower case.
        public let email: String
        public init(subject: String, email: String) { (self.subject, self.email) = (subject, email) }
    }

    public enum Failure: Error, Sendable, Equatable {
        /// The provider cannot be reached, or does not answer as it must.
        case unavailable(String)
        /// The code or the token is not accepted.
        case refused(String)
        /// The provider does not vouch for the person's address.
        case unverifiedEmail
    }

    /// Returns where the browser signs in. Throws `Failure`.
    public let begin: @Sendable (Attempt, _ redirect: String) async throws -> String
    /// Redeems a code. Throws `Failure`.
    public let finish: @Sendable (_ code: String, Attempt, _ redirect: String) async throws -> Person

    public init(
        begin: @escaping @Sendable (Attempt, String) async throws -> String,
        finish: @escaping @Sendable (String, Attempt, String) async throws -> Person
    ) {
        self.begin = begin
        self.finish = finish
    }
}
