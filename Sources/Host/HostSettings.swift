import HTTPEdge
import Kernel

/// The settings that the host reads itself. Modules and adapters declare their own.
enum HostSettings {
    static let environment = Setting<Environment>.choice(
        "SPKEY_ENVIRONMENT", "What this installation is for: `dev` needs no other setting, `prod` refuses what is not safe.",
        shown: "dev"
    ) { _ in .dev }
    static let file = Setting.text("SPKEY_CONFIG", "A file with settings, one NAME=VALUE a line.", form: "a path")

    static let host = Setting.text("SPKEY_HTTP_HOST", "The address to listen on.", default: "127.0.0.1", form: "an IP address or a name")
    static let port = Setting.number("SPKEY_HTTP_PORT", "The port to listen on; 0 takes any that is free.", default: 8_787, in: 0...65_535)
    static let rateLimit = Setting.number(
        "SPKEY_RATE_LIMIT", "Requests a minute for each principal; 0 is off.", default: 6_000, in: 0...1_000_000_000)
    static let connections = Setting.number(
        "SPKEY_HTTP_CONNECTIONS", "Connections open at once; more wait until one is closed. Bounded by the limit of open files as well.",
        default: 4_096, in: 16...1_000_000)
    static let trustedProxies = Setting.list(
        "SPKEY_TRUSTED_PROXIES", "Proxies whose X-Forwarded-For is believed.", of: "networks such as 10.0.0.0/8"
    ) { Network($0) }
    static let origins = Setting.list(
        "SPKEY_CORS_ORIGINS", "Origins whose pages may call the API from a browser.", of: "origins such as https://app.example.com"
    ) {
        origin in
        ["http://", "https://"].contains { origin.hasPrefix($0) && origin.utf8.count > $0.utf8.count } && !origin.hasSuffix("/")
            ? origin : nil
    }
    static let metricsToken = Setting.secret(
        "SPKEY_METRICS_TOKEN", "Lets its bearer read /metrics from elsewhere than this machine.", atLeast: 16)

    static let archive = Setting.text(
        "SPKEY_ARCHIVE_DIR", "Where the histories go that staff delete, one file each.", default: ".spkey/archive", form: "a folder")
    static let database = Setting.text(
        "SPKEY_DATABASE_URL", "Where everything is stored.", default: "sqlite:.spkey/spkey.db",
        form: "sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    ).secret.checked { url, environment in
        guard ["sqlite:", "postgres://", "postgresql://"].contains(where: url.hasPrefix) else {
            return "must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
        }
        return environment == .prod && url.hasPrefix("sqlite:")
            ? "must be PostgreSQL in prod: postgres://USER:PASSWORD@HOST:PORT/DATABASE" : nil
    }
    static let databasePool = Setting.number("SPKEY_DATABASE_POOL", "Connections to PostgreSQL of one process.", default: 8, in: 1...1_000)
    static let migratesAtStart = Setting.flag("SPKEY_AUTO_MIGRATE", "Whether `serve` brings PostgreSQL's schemas up to date itself.")
    static let dataKey = Setting.secret(
        "SPKEY_DATA_KEY",
        """
        Encrypts secrets and what is personal: ID:BASE64 of 32 random bytes, \
        such as k1:$(openssl rand -base64 32); older keys after a comma.
        """
    ).requiredOutsideDevelopment().checked { text, _ in text.flatMap { CryptoVault.problem(with: $0) } }

    static let broker = Setting.secret(
        "SPKEY_MQTT_URL", "The broker of the hubs, mqtts://USER:PASSWORD@HOST. Without one, devices are simulated inside the process."
    )
    .requiredOutsideDevelopment().checked { url, environment in
        guard let url else { return nil }
        guard BrokerURL(url) != nil else { return "must be mqtt:// or mqtts:// with a host" }
        return environment == .prod && url.hasPrefix("mqtt://")
            ? "must be mqtts:// in prod: commands that open doors are not sent in clear" : nil
    }
    static let brokerCA = file("SPKEY_MQTT_CA", "Certificates that the broker's is checked against.")
    static let brokerCertificate = file("SPKEY_MQTT_CERT", "The certificate that the broker gets from us.")
    static let brokerKey = file("SPKEY_MQTT_KEY", "The key of SPKEY_MQTT_CERT.")
    /// Who keeps the broker's list of clients.
    enum BrokerClients: String, Sendable, CaseIterable { case operators = "operator", dynamicSecurity = "dynamic-security" }
    static let brokerClients = Setting<BrokerClients>.choice(
        "SPKEY_BROKER_ACCESS",
        "Who keeps the broker's list of hubs: the `operator`, or the platform, over mosquitto's plugin `dynamic-security`.",
        shown: "operator"
    ) { _ in .operators }
    static let brokerForHubs = Setting.text(
        "SPKEY_HUB_BROKER_URL", "Where hubs reach the broker; as the platform does when it is not set.", form: "mqtts://HOST:PORT"
    )
    .checked { url, _ in url.map { BrokerURL($0).map { $0.user == nil } ?? false } ?? true ? nil : "must be mqtts://HOST:PORT" }
    static let topicPrefix = Setting.text(
        "SPKEY_TOPIC_PREFIX", "What the topics of things begin with.", default: "$aws/things", form: "levels of a topic without + and #"
    )
    .checked { prefix, _ in
        let levels = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let isBad = prefix.utf8.count > 128 || levels.contains(where: \.isEmpty) || prefix.contains { "+#".contains($0) || $0.isWhitespace }
        return isBad ? "must be levels of a topic without + and #, such as $aws/things" : nil
    }
    static let shadows = Setting.text("SPKEY_SHADOWS", "Whose shadow service is used.", default: "builtin", form: "builtin").checked {
        word, _ in
        word == "builtin" ? nil : "must be builtin: this build has no other shadow service"
    }

    static let adminKey = Setting.secret(
        "SPKEY_ADMIN_API_KEY", "The staff key: 32 random characters or more. In dev each start makes one.", atLeast: 32
    )
    .requiredOutsideDevelopment()
    static let staffDomains = Setting.list(
        "SPKEY_STAFF_EMAIL_DOMAIN", "Domains of the addresses of staff.", of: "domains in ASCII", default: "smartphonekey.com"
    ) { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? $0.lowercased() : nil }
    static let issuer = Setting.text("SPKEY_JWT_ISSUER", "The iss of tokens.").requiredOutsideDevelopment()
    static let audience = Setting.text("SPKEY_JWT_AUDIENCE", "The aud of tokens.").requiredOutsideDevelopment()
    static let issuerKeys = Setting.text("SPKEY_JWKS_URL", "Where the issuer's keys are read.", form: "a URL").requiredOutsideDevelopment()
        .checked { url, environment in
            environment == .prod && url?.hasPrefix("https://") == false ? "must be https:// in prod" : nil
        }
    static let developmentSecret = Setting.secret("SPKEY_JWT_DEV_SECRET", "Signs the tokens of `spkey token`. For dev only.").checked {
        secret, environment in
        environment != .dev && secret != nil ? "is for development only" : nil
    }
    static let userIDClaim = Setting.text("SPKEY_JWT_USER_ID_CLAIM", "The claim that names the user.", default: "https://spkey.co/user_id")
    static let emailClaim = Setting.text("SPKEY_JWT_EMAIL_CLAIM", "The claim with the e-mail address.", default: "email")
    /// How a token's address counts when the token does not say whether it was verified.
    enum EmailVerification: String, Sendable, CaseIterable { case required, issuer }
    static let emailVerification = Setting<EmailVerification>.choice(
        "SPKEY_JWT_EMAIL_VERIFIED",
        "Whether a token must say email_verified: true (`required`), or its silence counts as the issuer's word (`issuer`).",
        shown: "required in prod, else issuer"
    ) { $0 == .prod ? .required : .issuer }

    static let crash = Setting.text(
        "SPKEY_CRASH_AT", "For tests of what heals a crash: the process ends itself there. For dev only.", form: "POINT@SCOPE"
    )
    .checked { armed, environment in
        guard let armed else { return nil }
        let isKnown = environment == .dev && CrashPoint(rawValue: String(armed.prefix { $0 != "@" })) != nil && armed.contains("@")
        return isKnown
            ? nil : "must be POINT@SCOPE, in development; the points are \(CrashPoint.allCases.map(\.rawValue).joined(separator: ", "))"
    }

    static let all: [AnySetting] = [
        environment.any, file.any, host.any, port.any, SharedSettings.publicURL.any, rateLimit.any, connections.any, archive.any,
        trustedProxies.any,
        origins.any,
        metricsToken.any, database.any,
        databasePool.any, migratesAtStart.any, dataKey.any, broker.any, brokerCA.any, brokerCertificate.any, brokerKey.any, topicPrefix.any,
        brokerClients.any, brokerForHubs.any, shadows.any, adminKey.any,
        staffDomains.any, issuer.any, audience.any, issuerKeys.any, developmentSecret.any, userIDClaim.any, emailClaim.any,
        emailVerification.any, crash.any,
    ]

    /// Names of the contract that nothing in this build reads; setting one is rejected, because it would have no effect.
    static let unread = ["SPKEY_HUB_REQUIRE_ONLINE", "SPKEY_VIDEO_WORKER_URL", "SPKEY_SENTRY_DSN"]

    private static func file(_ name: String, _ note: String) -> Setting<String?> {
        Setting.text(name, note, form: "a readable file").checked { path, _ in
            path.flatMap { Files.isReadable($0) ? nil : "cannot be read: \($0)" }
        }
    }
}
