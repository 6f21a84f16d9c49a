import Application
import Configuration
import Foundation
public import Kernel
import SystemPackage

/// The settings of a process: environment variables, or the same names in the file that `SPKEY_CONFIG` points at.
public struct Settings: Sendable {
    /// Every setting, in display order.
    static let all = HostSettings.all + PortSettings.all + Modules.all.flatMap(\.settings)

    /// The texts that are set; an empty text counts as not set.
    private let texts: [String: String]
    let values: SettingValues

    private init(_ texts: [String: String], _ environment: Environment) {
        self.texts = texts
        values = SettingValues(Self.all, in: environment) { texts[$0] }
    }

    /// The development defaults only, for documents.
    public static let none = Settings([:], .dev)

    /// Reads and checks the settings.
    /// - Throws: `ConfigurationError` for unknown names and bad values, all of them at once.
    public static func load() async throws -> Settings { try await load(environment: ProcessInfo.processInfo.environment) }

    static func load(environment variables: [String: String]) async throws -> Settings {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider(environmentVariables: variables)], names = Set(variables.keys)
        if let path = variables[HostSettings.file.doc.name] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw ConfigurationError("SPKEY_CONFIG: cannot read \(path)")
            }
            names.formUnion(
                text.split(separator: "\n").compactMap {
                    $0.split(separator: "=").first.map { String($0).trimmingCharacters(in: .whitespaces) }
                })
            providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(path)))
        }
        let reader = ConfigReader(providers: providers), known = all.map(\.doc.name) + HostSettings.unread
        var texts: [String: String] = [:]
        for name in known {
            let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
            if let text = reader.string(forKey: key, isSecret: true), !text.isEmpty { texts[name] = text }
        }
        let unknown = names.filter { $0.hasPrefix("SPKEY_") && !known.contains($0) }.sorted().map { "\($0) is no setting" }
        let word = texts[HostSettings.environment.doc.name] ?? "dev"
        guard let environment = Environment(rawValue: word) else {
            throw ConfigurationError(unknown + ["SPKEY_ENVIRONMENT must be dev, stage or prod"])
        }
        let settings = Settings(texts, environment)
        let unread = HostSettings.unread.filter { texts[$0] != nil }.map { "\($0) is read by nothing in this build; leave it out" }
        let problems = unknown + unread + SettingValues.problems(all, in: environment) { texts[$0] } + settings.problemsTogether
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return settings
    }

    subscript<Value>(_ setting: Setting<Value>) -> Value { values[setting] }
    public var isDevelopment: Bool { values.isDevelopment }

    /// The problems of several settings taken together.
    private var problemsTogether: [String] {
        let hasHalf = (self[HostSettings.brokerCertificate] == nil) != (self[HostSettings.brokerKey] == nil)
        return (hasHalf ? ["SPKEY_MQTT_CERT and SPKEY_MQTT_KEY belong together: set both"] : []) + (isDevelopment ? exposedDefaults : [])
    }

    /// The problems of a server that listens on the network with publicly known secrets.
    private var exposedDefaults: [String] {
        let host = self[HostSettings.host], isLoopback = host.hasPrefix("127.") || host == "localhost" || host == "::1"
        guard !isLoopback else { return [] }
        return [HostSettings.developmentSecret, HostSettings.dataKey, HostSettings.adminKey].filter { self[$0] == nil }.map {
            "\($0.doc.name) must be set when SPKEY_HTTP_HOST is not loopback: its development default is public knowledge"
        }
    }

    /// The settings in effect, with secrets masked; settings without a value are left out.
    public var effective: [(name: String, value: String)] {
        Self.all.compactMap { setting in
            guard let text = texts[setting.doc.name] else { return setting.fallback(in: values.environment).map { (setting.doc.name, $0) } }
            return (setting.doc.name, setting.doc.isSecret ? Self.masked(text) : text)
        }
    }

    /// Masks a value; a URL keeps its parts that are not secret.
    private static func masked(_ value: String) -> String {
        guard let scheme = value.range(of: "://"), let at = value.lastIndex(of: "@"), scheme.upperBound < at else {
            return value.hasPrefix("sqlite:") || value.contains("://") ? value : "•••"
        }
        return value[..<scheme.upperBound] + "•••" + value[at...]
    }

    /// Every setting with what it does, for `spkey settings`.
    public static var documentation: [SettingDoc] { all.map(\.doc) }
}
