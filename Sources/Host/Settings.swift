import Configuration
import Foundation
import HTTPEdge
import Kernel
import SystemPackage

/// The settings of a process: environment variables, or the same names in the file that `SPKEY_CONFIG` points at.
public struct Settings: Sendable {
    /// One setting as documents know it.
    struct Definition: Sendable {
        let name: String
        let fallback: String?
        var isSecret = false
        /// Required in stage and prod.
        var isRequired = false
        /// Whether something in this build reads it.
        var isRead = true
    }

    /// A start that cannot go on: everything that is wrong, in words.
    public struct Mistake: Error, CustomStringConvertible {
        public let description: String
    }

    static let definitions: [Definition] = [
        Definition(name: "SPKEY_CONFIG", fallback: nil),
        Definition(name: "SPKEY_ENVIRONMENT", fallback: "dev"),
        Definition(name: "SPKEY_HTTP_HOST", fallback: "127.0.0.1"), Definition(name: "SPKEY_HTTP_PORT", fallback: "8787"),
        Definition(name: "SPKEY_PUBLIC_URL", fallback: "http://127.0.0.1:8787"),
        Definition(name: "SPKEY_DATABASE_URL", fallback: "sqlite:.spkey/spkey.db", isSecret: true),
        Definition(name: "SPKEY_DATABASE_POOL", fallback: "8"), Definition(name: "SPKEY_AUTO_MIGRATE", fallback: nil),
        Definition(name: "SPKEY_MQTT_URL", fallback: nil, isSecret: true), Definition(name: "SPKEY_MQTT_CA", fallback: nil),
        Definition(name: "SPKEY_MQTT_CERT", fallback: nil), Definition(name: "SPKEY_MQTT_KEY", fallback: nil),
        Definition(name: "SPKEY_TOPIC_PREFIX", fallback: "$aws/things"), Definition(name: "SPKEY_SHADOWS", fallback: "builtin"),
        Definition(name: "SPKEY_ADMIN_API_KEY", fallback: nil, isSecret: true, isRequired: true),
        Definition(name: "SPKEY_STAFF_EMAIL_DOMAIN", fallback: "smartphonekey.com"),
        Definition(name: "SPKEY_JWT_ISSUER", fallback: nil, isRequired: true), Definition(name: "SPKEY_JWT_AUDIENCE", fallback: nil, isRequired: true),
        Definition(name: "SPKEY_JWKS_URL", fallback: nil, isRequired: true),
        Definition(name: "SPKEY_JWT_DEV_SECRET", fallback: nil, isSecret: true),
        Definition(name: "SPKEY_JWT_USER_ID_CLAIM", fallback: "https://spkey.co/user_id"), Definition(name: "SPKEY_JWT_EMAIL_CLAIM", fallback: "email"),
        Definition(name: "SPKEY_JWT_EMAIL_VERIFIED", fallback: nil),
        Definition(name: "SPKEY_AUTH0_WEBHOOK_SECRET", fallback: nil, isSecret: true),
        Definition(name: "SPKEY_DATA_KEY", fallback: nil, isSecret: true, isRequired: true),
        Definition(name: "SPKEY_METRICS_TOKEN", fallback: nil, isSecret: true), Definition(name: "SPKEY_CORS_ORIGINS", fallback: nil),
        Definition(name: "SPKEY_RATE_LIMIT", fallback: "6000"), Definition(name: "SPKEY_TRUSTED_PROXIES", fallback: nil),
        Definition(name: "SPKEY_ANONYMOUS_RESIDENTS", fallback: nil), Definition(name: "SPKEY_PIN_ACCESS", fallback: nil),
        Definition(name: "SPKEY_WEBHOOK_ALLOW_PRIVATE", fallback: nil),
        Definition(name: "SPKEY_OIDC_ISSUER", fallback: nil, isRead: false), Definition(name: "SPKEY_OIDC_CLIENT_ID", fallback: nil, isRead: false),
        Definition(name: "SPKEY_OIDC_CLIENT_SECRET", fallback: nil, isSecret: true, isRead: false),
        Definition(name: "SPKEY_THREEDEYE_URL", fallback: nil, isRead: false), Definition(name: "SPKEY_THREEDEYE_API_KEY", fallback: nil, isSecret: true, isRead: false),
        Definition(name: "SPKEY_THREEDEYE_USERNAME", fallback: nil, isRead: false),
        Definition(name: "SPKEY_THREEDEYE_PASSWORD", fallback: nil, isSecret: true, isRead: false),
        Definition(name: "SPKEY_HUB_REQUIRE_ONLINE", fallback: nil, isRead: false), Definition(name: "SPKEY_VIDEO_CONTROL", fallback: nil, isRead: false),
        Definition(name: "SPKEY_VIDEO_INTERNAL_SECRET", fallback: nil, isSecret: true, isRead: false),
        Definition(name: "SPKEY_VIDEO_WORKER_URL", fallback: nil, isRead: false),
        Definition(name: "SPKEY_MEDIA_URL", fallback: nil, isRead: false), Definition(name: "SPKEY_MEDIA_SECRET", fallback: nil, isSecret: true, isRead: false),
        Definition(name: "SPKEY_SENTRY_DSN", fallback: nil, isSecret: true, isRead: false),
        // For tests of what heals a crash: the process ends itself at POINT@SCOPE. Development only.
        Definition(name: "SPKEY_CRASH_AT", fallback: nil),
    ]

    private let values: [String: String]

    /// The defaults alone, for documents.
    public static let none = Settings(values: Dictionary(uniqueKeysWithValues: definitions.compactMap { one in one.fallback.map { (one.name, $0) } }))

    /// Reads and checks. Throws `Mistake` for an unknown name or a bad value.
    public static func load() async throws -> Settings { try await load(environment: ProcessInfo.processInfo.environment) }

    static func load(environment: [String: String]) async throws -> Settings {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider(environmentVariables: environment)]
        var names = Set(environment.keys)
        if let path = environment["SPKEY_CONFIG"] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw Mistake(description: "SPKEY_CONFIG: cannot read \(path)") }
            names.formUnion(text.split(separator: "\n").compactMap { $0.split(separator: "=").first.map { String($0).trimmingCharacters(in: .whitespaces) } })
            providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(path)))
        }
        let known = Set(definitions.map(\.name)), unknown = names.filter { $0.hasPrefix("SPKEY_") && !known.contains($0) }.sorted()
        let reader = ConfigReader(providers: providers)
        var values: [String: String] = [:]
        for definition in definitions {
            let key = ConfigKey(definition.name.lowercased().split(separator: "_").map(String.init))
            values[definition.name] = reader.string(forKey: key, isSecret: definition.isSecret) ?? definition.fallback
        }
        let settings = Settings(values: values), mistakes = unknown.map { "\($0) is no setting" } + settings.mistakes
        guard mistakes.isEmpty else { throw Mistake(description: mistakes.count == 1 ? mistakes[0] : mistakes.map { "\n  - \($0)" }.joined()) }
        return settings
    }

    public subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    func text(_ name: String) -> String { self[name] ?? "" }
    func number(_ name: String) -> Int { Int(text(name)) ?? 0 }
    /// A truth value; where nothing is set, that of development.
    func flag(_ name: String, inDevelopment: Bool = false) -> Bool { self[name].map { $0 == "true" } ?? (inDevelopment && isDevelopment) }
    public var isDevelopment: Bool { text("SPKEY_ENVIRONMENT") == "dev" }

    /// What is in force, secrets masked.
    public var effective: [(name: String, value: String)] {
        Self.definitions.compactMap { definition in
            self[definition.name].map { (definition.name, definition.isSecret ? Self.masked($0) : $0) }
        }
    }

    /// Addresses keep what is no secret.
    private static func masked(_ value: String) -> String {
        guard let scheme = value.range(of: "://"), let at = value.lastIndex(of: "@"), scheme.upperBound < at else {
            return value.hasPrefix("sqlite:") || value.contains("://") ? value : "•••"
        }
        return value[..<scheme.upperBound] + "•••" + value[at...]
    }
}
