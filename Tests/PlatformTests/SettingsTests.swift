import Kernel
import Testing

@testable import Host

/// Every mistake is told at once, with what is wanted.
@Suite struct SettingsTests {
    private func mistakes(_ environment: [String: String]) async -> String {
        do {
            _ = try await Settings.load(environment: environment)
            return ""
        } catch { return "\(error)" }
    }

    @Test func `development needs no settings`() async { #expect(await mistakes([:]).isEmpty) }

    @Test func `production tells all that is missing in one go`() async {
        let told = await mistakes(["SPKEY_ENVIRONMENT": "prod"])
        for name in [
            "SPKEY_ADMIN_API_KEY", "SPKEY_JWT_ISSUER", "SPKEY_JWT_AUDIENCE", "SPKEY_JWKS_URL", "SPKEY_DATA_KEY", "SPKEY_MQTT_URL",
            "SPKEY_DATABASE_URL",
            "SPKEY_PUBLIC_URL",
        ] {
            #expect(told.contains(name), "\(name)")
        }
    }

    private static let production = [
        "SPKEY_ENVIRONMENT": "prod", "SPKEY_ADMIN_API_KEY": String(repeating: "a", count: 32), "SPKEY_JWT_ISSUER": "https://id.example/",
        "SPKEY_JWT_AUDIENCE": "api",
        "SPKEY_JWKS_URL": "https://id.example/keys", "SPKEY_DATA_KEY": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SPKEY_MQTT_URL": "mqtts://u:p@broker",
        "SPKEY_DATABASE_URL": "postgres://u:p@db/spkey", "SPKEY_PUBLIC_URL": "https://access.example.com",
    ]

    @Test func `a complete production starts`() async { #expect(await mistakes(Self.production).isEmpty) }

    @Test(arguments: [
        ("SPKEY_ADMIN_API_KEY", "x"), ("SPKEY_MQTT_URL", "mqtt://broker"), ("SPKEY_DATABASE_URL", "sqlite:x.db"),
        ("SPKEY_PUBLIC_URL", "http://access.example.com"),
        ("SPKEY_WEBHOOK_ALLOW_PRIVATE", "true"), ("SPKEY_JWKS_URL", "http://id.example/keys"), ("SPKEY_JWT_DEV_SECRET", "s"),
    ])
    func `what is unsafe is refused in production`(name: String, value: String) async {
        #expect(await mistakes(Self.production.merging([name: value]) { $1 }).contains(name))
    }

    @Test(arguments: [
        ("SPKEY_HTTP_PORT", "87000"), ("SPKEY_TOPIC_PREFIX", "a/+/b"), ("SPKEY_PUBLIC_URL", "javascript:alert(1)"),
        ("SPKEY_RATE_LIMIT", "many"),
        ("SPKEY_MQTT_URL", "http://broker"), ("SPKEY_MQTT_CA", "/nowhere/ca.pem"), ("SPKEY_MQTT_CERT", "/nowhere/c.pem"),
        ("SPKEY_NONSENSE", "1"),
        ("SPKEY_CORS_ORIGINS", "app.example"), ("SPKEY_OIDC_ISSUER", "id.example"), ("SPKEY_THREEDEYE_URL", "api.example"),
        ("SPKEY_SENTRY_DSN", "https://api.example/"),
        ("SPKEY_JWT_EMAIL_VERIFIED", "maybe"),
        ("SPKEY_DATABASE_URL", "mysql://x"),
    ])
    func `a bad value, and what nothing reads, is refused by name`(name: String, value: String) async {
        #expect(await mistakes([name: value]).contains(name))
    }

    @Test func `several mistakes are several lines`() async {
        let told = await mistakes(["SPKEY_HTTP_PORT": "87000", "SPKEY_TOPIC_PREFIX": "a/+/b", "SPKEY_NONSENSE": "1"])
        #expect(told.split(separator: "\n").count == 3, "\(told)")
    }

    @Test func `a setting is declared once, with what it does`() {
        let docs = Settings.documentation
        #expect(Set(docs.map(\.name)).count == docs.count)
        #expect(docs.allSatisfy { $0.name.hasPrefix("SPKEY_") && $0.note.hasSuffix(".") && !$0.form.isEmpty })
        #expect(docs.first { $0.name == "SPKEY_PIN_ACCESS" }?.fallback == "true in dev, else false")
    }

    @Test func `values are typed, defaults depend on the environment, secrets are masked`() async throws {
        let development = try await Settings.load(environment: [
            "SPKEY_HTTP_PORT": "0", "SPKEY_CORS_ORIGINS": "https://a.example,http://b.example:8080",
        ])
        #expect(development[HostSettings.port] == 0 && development[HostSettings.origins] == ["https://a.example", "http://b.example:8080"])
        #expect(development[HostSettings.emailVerification] == .issuer && development[HostSettings.adminKey] == nil)
        let production = try await Settings.load(environment: Self.production)
        #expect(production[HostSettings.emailVerification] == .required && !production[HostSettings.migratesAtStart])
        let shown = Dictionary(uniqueKeysWithValues: production.effective.map { ($0.name, $0.value) })
        #expect(
            shown["SPKEY_ADMIN_API_KEY"] == "•••" && shown["SPKEY_DATABASE_URL"] == "postgres://•••@db/spkey"
                && shown["SPKEY_MQTT_URL"] == "mqtts://•••@broker")
        #expect(shown["SPKEY_DATA_KEY"] == "•••" && shown["SPKEY_RATE_LIMIT"] == "6000")
        #expect(shown["SPKEY_JWT_EMAIL_VERIFIED"] == "required" && shown["SPKEY_PIN_ACCESS"] == "false" && shown["SPKEY_MQTT_CA"] == nil)
    }

    @Test func `a name that is set to nothing is not set`() async {
        #expect(await mistakes(["SPKEY_MQTT_CA": "", "SPKEY_HTTP_PORT": ""]).isEmpty)
    }
}
