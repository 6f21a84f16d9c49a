/// The kind of an installation. Development may allow what is refused elsewhere for safety.
public enum Environment: String, Sendable, CaseIterable { case dev, stage, prod }

/// A setting of the platform, declared once: its purpose, form, default and safety rules.
public struct Setting<Value: Sendable>: Sendable {
    public private(set) var doc: SettingDoc
    /// Parses a text; nil for a text that is not a value.
    private let parse: @Sendable (String) -> Value?
    /// The value when nothing is set.
    private let fallback: @Sendable (Environment) -> Value
    private var rules: [@Sendable (Value, Environment) -> String?] = []

    /// - Parameters:
    ///   - form: what a value looks like, phrased to follow "must be".
    ///   - shown: the default in documents; nil for none.
    public init(
        _ name: String, _ note: String, form: String, shown: String?, isSecret: Bool = false, parse: @escaping @Sendable (String) -> Value?,
        fallback: @escaping @Sendable (Environment) -> Value
    ) {
        doc = SettingDoc(name: name, note: note, form: form, fallback: shown, isSecret: isSecret)
        self.parse = parse
        self.fallback = fallback
    }

    /// Returns the same setting with one more rule.
    /// - Parameter problem: returns what is wrong with a value in an environment, phrased to follow the name; nil when nothing is wrong.
    public func checked(_ problem: @escaping @Sendable (Value, Environment) -> String?) -> Setting {
        var copy = self
        copy.rules.append(problem)
        return copy
    }

    /// Returns the same setting, required outside development.
    public func requiredOutsideDevelopment() -> Setting {
        var copy = self
        copy.doc.isRequired = true
        return copy
    }

    func value(_ text: String?, _ environment: Environment) -> Value { text.flatMap(parse) ?? fallback(environment) }

    /// Returns what is wrong with the text that is set, or with setting nothing.
    func problems(_ text: String?, _ environment: Environment) -> [String] {
        guard let text else {
            let isMissing = doc.isRequired && environment != .dev
            return (isMissing ? ["must be set when SPKEY_ENVIRONMENT is \(environment.rawValue): \(doc.note)"] : [])
                + rules.compactMap { $0(fallback(environment), environment) }
        }
        guard let value = parse(text) else { return ["must be \(doc.form)" + (doc.isSecret ? "" : ", not '\(text)'")] }
        return rules.compactMap { $0(value, environment) }
    }
}

/// A setting as documents show it.
public struct SettingDoc: Sendable {
    public let name: String
    public let note: String
    public let form: String
    /// The default; nil for none.
    public let fallback: String?
    public internal(set) var isSecret: Bool
    /// Whether it must be set outside development.
    public internal(set) var isRequired = false
}

/// A type-erased setting.
public struct AnySetting: Sendable {
    public let doc: SettingDoc
    let value: @Sendable (String?, Environment) -> any Sendable
    let problems: @Sendable (String?, Environment) -> [String]

    public init<Value>(_ setting: Setting<Value>) {
        doc = setting.doc
        value = { setting.value($0, $1) }
        problems = { setting.problems($0, $1) }
    }

    /// Returns the default in an environment; nil for none.
    public func fallback(in environment: Environment) -> String? {
        switch value(nil, environment) {
        case let flag as Bool: flag.description
        case let number as Int: number.description
        case let choice as any RawRepresentable<String>: choice.rawValue
        default: doc.fallback
        }
    }
}

extension Setting {
    public var any: AnySetting { AnySetting(self) }
}

extension Setting where Value == String {
    public static func text(_ name: String, _ note: String, default fallback: String, form: String = "a text") -> Setting {
        Setting(name, note, form: form, shown: fallback, parse: { $0 }, fallback: { _ in fallback })
    }
}

extension Setting where Value == String? {
    public static func text(_ name: String, _ note: String, form: String = "a text") -> Setting {
        Setting(name, note, form: form, shown: nil, parse: { .some($0) }, fallback: { _ in nil })
    }

    /// A secret: masked wherever settings are shown, and with a minimum length outside development.
    public static func secret(_ name: String, _ note: String, atLeast length: Int = 0) -> Setting {
        Setting(
            name, note, form: length > 0 ? "at least \(length) characters" : "a secret", shown: nil, isSecret: true, parse: { .some($0) },
            fallback: { _ in nil }
        )
        .checked { secret, environment in
            guard environment != .dev, let secret, secret.utf8.count < length else { return nil }
            return "must have at least \(length) characters"
        }
    }
}

extension Setting where Value == Int {
    public static func number(_ name: String, _ note: String, default fallback: Int, in range: ClosedRange<Int>) -> Setting {
        Setting(
            name, note, form: "a whole number from \(range.lowerBound) to \(range.upperBound)", shown: "\(fallback)",
            parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, fallback: { _ in fallback })
    }
}

extension Setting where Value: CaseIterable & RawRepresentable<String> {
    /// One of a fixed list of words.
    /// - Parameter shown: the default in documents.
    public static func choice(_ name: String, _ note: String, shown: String, default fallback: @escaping @Sendable (Environment) -> Value)
        -> Setting
    {
        let form = Value.allCases.map(\.rawValue).formatted(or: ", ")
        return Setting(name, note, form: form, shown: shown, parse: { Value(rawValue: $0) }, fallback: fallback)
    }
}

extension [String] {
    /// `a, b or c`.
    fileprivate func formatted(or separator: String) -> String {
        count < 2 ? joined() : dropLast().joined(separator: separator) + " or " + self[count - 1]
    }
}

extension Setting where Value == Bool {
    /// - Parameter inDevelopment: the default in development; elsewhere it is false.
    public static func flag(_ name: String, _ note: String, inDevelopment: Bool = false) -> Setting {
        Setting(
            name, note, form: "true or false", shown: inDevelopment ? "true in dev, else false" : "false",
            parse: { ["true": true, "false": false][$0] }, fallback: { inDevelopment && $0 == .dev })
    }
}

extension Setting {
    /// Several values, separated by commas.
    /// - Parameter element: parses one value; nil for a text that is not a value.
    public static func list<Element>(
        _ name: String, _ note: String, of form: String, default fallback: String? = nil,
        _ element: @escaping @Sendable (String) -> Element?
    ) -> Setting where Value == [Element] {
        let parse: @Sendable (String) -> [Element]? = { text in
            let parts = text.split(separator: ",").map(String.init), values = parts.compactMap(element)
            return values.count == parts.count ? values : nil
        }
        return Setting(
            name, note, form: form + ", separated by commas", shown: fallback, parse: parse,
            fallback: { _ in fallback.flatMap(parse) ?? [] })
    }
}

/// The settings in effect.
public struct SettingValues: Sendable {
    public let environment: Environment
    private var values: [String: any Sendable] = [:]

    /// Creates settings with nothing set: every setting has its default.
    public init(_ environment: Environment = .dev) { self.environment = environment }

    /// - Parameter text: returns the text that is set for a name; nil when nothing is set.
    public init(_ settings: [AnySetting], in environment: Environment, text: (String) -> String?) {
        self.environment = environment
        for setting in settings { values[setting.doc.name] = setting.value(text(setting.doc.name), environment) }
    }

    public subscript<Value>(_ setting: Setting<Value>) -> Value {
        get { values[setting.doc.name] as? Value ?? setting.value(nil, environment) }
        set { values[setting.doc.name] = newValue }
    }

    public var isDevelopment: Bool { environment == .dev }

    /// Returns all problems of the settings, each prefixed with the name of its setting.
    public static func problems(_ settings: [AnySetting], in environment: Environment, text: (String) -> String?) -> [String] {
        settings.flatMap { setting in setting.problems(text(setting.doc.name), environment).map { "\(setting.doc.name) \($0)" } }
    }
}

extension Setting {
    /// The same setting, masked wherever settings are shown.
    public var secret: Setting {
        var copy = self
        copy.doc.isSecret = true
        return copy
    }
}

/// Settings that several parts read.
public enum SharedSettings {
    public static let publicURL = Setting.text(
        "SPKEY_PUBLIC_URL", "The address under which callers reach the platform.", default: "http://127.0.0.1:8787",
        form: "http:// or https:// with a host, such as https://access.example.com"
    ).checked { url, environment in
        guard isAddress(url) else { return "must be http:// or https:// with a host, such as https://access.example.com" }
        return environment == .prod && url.hasPrefix("http://") ? "must be https:// in prod" : nil
    }

    /// Returns whether a URL has a scheme and a host, optionally a port and a path, and no user, query or fragment.
    private static func isAddress(_ url: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else { return false }
        let rest = url.dropFirst(scheme.count), host = rest.prefix { $0 != "/" }
        return !host.isEmpty && host.first != ":" && !rest.contains { "@?# ".contains($0) || $0.isNewline }
    }
}

extension SettingValues {
    /// Whether browsers reach the installation over https.
    public var isPublicSecure: Bool { self[SharedSettings.publicURL].hasPrefix("https:") }
}
