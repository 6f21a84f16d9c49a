import Glibc
import HTTPEdge
import Kernel

extension Settings {
    var forEdge: EdgeSettings {
        var edge = EdgeSettings()
        edge.isDevelopment = isDevelopment
        edge.host = self[HostSettings.host]
        edge.port = self[HostSettings.port]
        edge.publicURL = self[SharedSettings.publicURL]
        edge.adminKey = self[HostSettings.adminKey] ?? ""
        edge.staffDomains = self[HostSettings.staffDomains]
        edge.issuer = self[HostSettings.issuer]
        edge.audience = self[HostSettings.audience]
        edge.jwksURL = self[HostSettings.issuerKeys]
        edge.developmentSecret = isDevelopment ? developmentSecret : nil
        edge.userIDClaim = self[HostSettings.userIDClaim]
        edge.emailClaim = self[HostSettings.emailClaim]
        edge.requiresVerifiedEmail = self[HostSettings.emailVerification] == .required
        edge.trustedProxies = self[HostSettings.trustedProxies]
        edge.connections = self[HostSettings.connections]
        edge.rateLimit = self[HostSettings.rateLimit]
        edge.origins = self[HostSettings.origins]
        edge.metricsToken = self[HostSettings.metricsToken]
        return edge
    }

    /// Publicly known when nothing is set.
    var developmentSecret: String { self[HostSettings.developmentSecret] ?? "development-only-secret" }

    /// Kills the process with SIGKILL at the point that `SPKEY_CRASH_AT` names, without any cleanup.
    var crashes: CrashPoints {
        guard let armed = self[HostSettings.crash] else { return .none }
        return CrashPoints { point, scope in if armed == "\(point.rawValue)@\(scope)" { kill(getpid(), SIGKILL) } }
    }
}

extension CryptoVault {
    init(_ settings: Settings) throws { try self.init(ring: settings[HostSettings.dataKey] ?? Self.development) }
}
