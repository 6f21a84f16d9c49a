import ArgumentParser
import Host
import Kernel

/// `spkey settings`: every setting with what it does.
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "List every setting: what it does, its form, its default. `--check` reads the present ones and tells what is wrong.")
    @Flag(help: "Check what is set now, and show what is in force.") var check = false

    func run() async throws {
        guard check else { return print(Settings.documentation.map(Self.describe).joined(separator: "\n\n")) }
        for (name, value) in try await Settings.load().effective { print("\(name)=\(value)") }
    }

    private static func describe(_ setting: SettingDoc) -> String {
        let required = setting.isRequired ? "; required outside dev" : "", secret = setting.isSecret ? "; secret" : ""
        return """
            \(setting.name)
                \(setting.note)
                \(setting.form); default: \(setting.fallback ?? "none")\(required)\(secret)
            """
    }
}
