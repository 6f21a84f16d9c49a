import Foundation
import HTTPEdge
import Kernel

/// What is wrong with settings, all of it at once.
extension Settings {
    var mistakes: [String] {
        guard ["dev", "stage", "prod"].contains(text("SPKEY_ENVIRONMENT")) else { return ["SPKEY_ENVIRONMENT must be dev, stage or prod"] }
        let unread = Self.definitions.filter { !$0.isRead && self[$0.name] != nil }.map { "\($0.name) is read by nothing in this build; leave it out" }
        return unread + numbers + flags + addresses + files + words + (isDevelopment ? exposedDefaults : missing + weak)
            + (text("SPKEY_ENVIRONMENT") == "prod" ? unsafe : [])
    }

    private var numbers: [String] {
        let ranges = [("SPKEY_HTTP_PORT", 0...65_535), ("SPKEY_DATABASE_POOL", 1...1_000), ("SPKEY_RATE_LIMIT", 0...1_000_000_000)]
        return ranges.filter { name, range in Int(text(name)).map { !range.contains($0) } ?? true }.map { name, range in
            "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text(name))'"
        }
    }

    private var flags: [String] {
        let names = ["SPKEY_AUTO_MIGRATE", "SPKEY_WEBHOOK_ALLOW_PRIVATE", "SPKEY_ANONYMOUS_RESIDENTS", "SPKEY_PIN_ACCESS"]
        return names.filter { self[$0].map { $0 != "true" && $0 != "false" } ?? false }.map { "\($0) must be true or false" }
    }

    private var addresses: [String] {
        var found: [String] = []
        let url = URLComponents(string: text("SPKEY_PUBLIC_URL"))
        if !["http", "https"].contains(url?.scheme ?? "") || (url?.host ?? "").isEmpty || url?.query != nil || url?.fragment != nil || url?.user != nil {
            found.append("SPKEY_PUBLIC_URL must be http:// or https:// with a host, such as https://access.example.com")
        }
        if !text("SPKEY_DATABASE_URL").hasPrefix("sqlite:"), !text("SPKEY_DATABASE_URL").hasPrefix("postgres://"), !text("SPKEY_DATABASE_URL").hasPrefix("postgresql://")
        {
            found.append("SPKEY_DATABASE_URL must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")
        }
        do { _ = try broker(clientID: "check") } catch { found.append("\(error)") }
        let prefix = text("SPKEY_TOPIC_PREFIX"), levels = prefix.split(separator: "/", omittingEmptySubsequences: false)
        if prefix.utf8.count > 128 || levels.contains(where: \.isEmpty) || prefix.contains(where: { "+#".contains($0) || $0.isWhitespace }) {
            found.append("SPKEY_TOPIC_PREFIX must be levels of a topic without + and #, such as $aws/things")
        }
        for entry in text("SPKEY_TRUSTED_PROXIES").split(separator: ",") where Network(String(entry)) == nil {
            found.append("SPKEY_TRUSTED_PROXIES: '\(entry)' is no network such as 10.0.0.0/8")
        }
        for origin in text("SPKEY_CORS_ORIGINS").split(separator: ",")
        where !["http", "https"].contains(URLComponents(string: String(origin))?.scheme ?? "") || origin.hasSuffix("/") {
            found.append("SPKEY_CORS_ORIGINS: '\(origin)' is no origin such as https://app.example.com")
        }
        return found
    }

    private var files: [String] {
        let names = ["SPKEY_MQTT_CA", "SPKEY_MQTT_CERT", "SPKEY_MQTT_KEY"]
        let unreadable = names.filter { self[$0].map { !FileManager.default.isReadableFile(atPath: $0) } ?? false }.map { "\($0): cannot read \(text($0))" }
        return unreadable + ((self["SPKEY_MQTT_CERT"] == nil) != (self["SPKEY_MQTT_KEY"] == nil) ? ["SPKEY_MQTT_CERT and SPKEY_MQTT_KEY belong together: set both"] : [])
    }

    private var words: [String] {
        var found: [String] = []
        if text("SPKEY_SHADOWS") != "builtin" { found.append("SPKEY_SHADOWS must be builtin: this build has no other shadow service") }
        if let word = self["SPKEY_JWT_EMAIL_VERIFIED"], word != "required", word != "issuer" {
            found.append("SPKEY_JWT_EMAIL_VERIFIED must be required (a token must say email_verified: true) or issuer (its silence counts as the issuer's word)")
        }
        if !text("SPKEY_STAFF_EMAIL_DOMAIN").utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            found.append("SPKEY_STAFF_EMAIL_DOMAIN must be domains in ASCII, separated by commas")
        }
        if let armed = self["SPKEY_CRASH_AT"] {
            let point = String(armed.prefix { $0 != "@" })
            if !isDevelopment || CrashPoint(rawValue: point) == nil || !armed.contains("@") {
                found.append("SPKEY_CRASH_AT must be POINT@SCOPE, in development; the points are \(CrashPoint.allCases.map(\.rawValue).joined(separator: ", "))")
            }
        }
        if self["SPKEY_DATA_KEY"] != nil { do { _ = try CryptoVault(self) } catch { found.append("\(error)") } }
        return found
    }

    /// Secrets that everyone knows must not listen on the network.
    private var exposedDefaults: [String] {
        let host = text("SPKEY_HTTP_HOST"), isLoopback = host.hasPrefix("127.") || host == "localhost" || host == "::1"
        guard !isLoopback else { return [] }
        return ["SPKEY_JWT_DEV_SECRET", "SPKEY_DATA_KEY", "SPKEY_ADMIN_API_KEY"].filter { self[$0] == nil }.map {
            "\($0) must be set when SPKEY_HTTP_HOST is not loopback: its development default is public knowledge"
        }
    }

    private static let wanted = [
        "SPKEY_ADMIN_API_KEY": "the staff key, 32 random characters or more", "SPKEY_JWT_ISSUER": "the iss of tokens", "SPKEY_JWT_AUDIENCE": "the aud of tokens",
        "SPKEY_JWKS_URL": "where the issuer's keys are read", "SPKEY_DATA_KEY": "ID:BASE64 of 32 random bytes, such as k1:$(openssl rand -base64 32)",
    ]

    private var missing: [String] {
        let names = Self.definitions.filter { $0.isRequired && self[$0.name] == nil }.map(\.name)
        let required = names.map { "\($0) must be set when SPKEY_ENVIRONMENT is \(text("SPKEY_ENVIRONMENT")): \(Self.wanted[$0] ?? "")" }
        return required + (self["SPKEY_MQTT_URL"] == nil ? ["SPKEY_MQTT_URL must be set outside development: mqtts://USER:PASSWORD@HOST"] : [])
    }

    private var weak: [String] {
        var found: [String] = []
        if self["SPKEY_JWT_DEV_SECRET"] != nil { found.append("SPKEY_JWT_DEV_SECRET is for development only") }
        for (name, least) in [("SPKEY_ADMIN_API_KEY", 32), ("SPKEY_AUTH0_WEBHOOK_SECRET", 16), ("SPKEY_METRICS_TOKEN", 16)] {
            if let secret = self[name], secret.utf8.count < least { found.append("\(name) must have at least \(least) characters") }
        }
        return found
    }

    /// What is safe for trying things out and not for doors.
    private var unsafe: [String] {
        var found: [String] = []
        if text("SPKEY_DATABASE_URL").hasPrefix("sqlite:") { found.append("SPKEY_DATABASE_URL must be PostgreSQL in prod: postgres://USER:PASSWORD@HOST:PORT/DATABASE") }
        if self["SPKEY_MQTT_URL"]?.hasPrefix("mqtt://") == true {
            found.append("SPKEY_MQTT_URL must be mqtts:// in prod: commands that open doors are not sent in clear")
        }
        if text("SPKEY_PUBLIC_URL").hasPrefix("http://") { found.append("SPKEY_PUBLIC_URL must be https:// in prod") }
        if self["SPKEY_JWKS_URL"]?.hasPrefix("https://") == false { found.append("SPKEY_JWKS_URL must be https:// in prod") }
        if flag("SPKEY_WEBHOOK_ALLOW_PRIVATE") { found.append("SPKEY_WEBHOOK_ALLOW_PRIVATE must not be true in prod: webhooks would reach into the private network") }
        return found
    }
}
