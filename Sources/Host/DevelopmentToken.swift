import Crypto
import Foundation
public import Kernel

/// Development tokens: HS256 (RFC 7515), signed with the development secret.
public enum DevelopmentToken {
    public static func make(email: String?, userID: String?, lifetime: Duration, settings: Settings, now: Timestamp) throws -> String {
        guard settings.isDevelopment else { throw ConfigurationError("tokens are made in development only") }
        var claims: JSON.Object = [
            "sub": .string(userID ?? "dev|\(email ?? "nobody")"), "iat": .int(now.seconds), "exp": .int((now + lifetime).seconds),
            "iss": settings[HostSettings.issuer].map(JSON.string), "aud": settings[HostSettings.audience].map(JSON.string),
        ]
        if let email { claims[settings[HostSettings.emailClaim]] = .string(email) }
        if let userID { claims[settings[HostSettings.userIDClaim]] = .string(userID) }
        let signed = base64URL(JSON.object(["alg": "HS256", "typ": "JWT"]).bytes) + "." + base64URL(JSON.object(claims).bytes)
        let key = SymmetricKey(data: Data(settings.developmentSecret.utf8))
        return signed + "." + base64URL(Array(HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)))
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
