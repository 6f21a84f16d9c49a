import Glibc
import HTTPEdge
import Kernel

extension Settings {
    var forEdge: EdgeSettings {
        var edge = EdgeSettings()
        edge.isDevelopment = isDevelopment
        (edge.host, edge.port, edge.publicURL) = (text("SPKEY_HTTP_HOST"), number("SPKEY_HTTP_PORT"), text("SPKEY_PUBLIC_URL"))
        edge.adminKey = text("SPKEY_ADMIN_API_KEY")
        edge.staffDomains = text("SPKEY_STAFF_EMAIL_DOMAIN").lowercased().split(separator: ",").map(String.init)
        (edge.issuer, edge.audience, edge.jwksURL) = (self["SPKEY_JWT_ISSUER"], self["SPKEY_JWT_AUDIENCE"], self["SPKEY_JWKS_URL"])
        edge.developmentSecret = isDevelopment ? developmentSecret : nil
        (edge.userIDClaim, edge.emailClaim) = (text("SPKEY_JWT_USER_ID_CLAIM"), text("SPKEY_JWT_EMAIL_CLAIM"))
        // In production an address counts only when the token says that it is verified.
        edge.requiresVerifiedEmail = self["SPKEY_JWT_EMAIL_VERIFIED"].map { $0 == "required" } ?? (text("SPKEY_ENVIRONMENT") == "prod")
        edge.trustedProxies = text("SPKEY_TRUSTED_PROXIES").split(separator: ",").compactMap { Network(String($0)) }
        edge.rateLimit = number("SPKEY_RATE_LIMIT")
        edge.origins = text("SPKEY_CORS_ORIGINS").split(separator: ",").map(String.init)
        edge.metricsToken = self["SPKEY_METRICS_TOKEN"]
        return edge
    }

    /// Ends the process by SIGKILL where `SPKEY_CRASH_AT` says; nothing of it is cleaned up.
    var crashes: CrashPoints {
        guard let armed = self["SPKEY_CRASH_AT"] else { return .none }
        return CrashPoints { point, scope in if armed == "\(point.rawValue)@\(scope)" { kill(getpid(), SIGKILL) } }
    }

    var forModules: ModuleSettings {
        var modules = ModuleSettings()
        modules.isDevelopment = isDevelopment
        modules.publicURL = text("SPKEY_PUBLIC_URL")
        modules.allowsPrivateWebhooks = flag("SPKEY_WEBHOOK_ALLOW_PRIVATE", inDevelopment: true)
        modules.signUpSecret = self["SPKEY_AUTH0_WEBHOOK_SECRET"]
        modules.allowsAnonymousResidents = flag("SPKEY_ANONYMOUS_RESIDENTS", inDevelopment: true)
        modules.hasPins = flag("SPKEY_PIN_ACCESS", inDevelopment: true)
        return modules
    }
}
