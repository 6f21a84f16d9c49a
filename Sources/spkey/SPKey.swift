import AWS
import ArgumentParser
import HTTPEdge
import Host
import Kernel
import Logging

/// The program: `spkey serve`, `spkey migrate` and the tools around them.
@main
struct SPKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spkey", abstract: "Access control for buildings: locks, keys, people, hubs, cameras and partners.",
        subcommands: [
            Serve.self, Migrate.self, Token.self, ApiKeyCommand.self, Simulate.self, SimulateThreeDEye.self, GatewayConfig.self,
            OpenAPI.self, Verify.self,
            RebuildCommand.self,
            GrantsCommand.self, DeadLetters.self, Doctor.self, HubCertificateCommand.self, SettingsCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let mistake as ConfigurationError {
            print("spkey: \(mistake)", to: &Standard.error)
            exit(withError: ExitCode(78))
        } catch {
            exit(withError: error)
        }
    }
}

struct ModulesOption: ParsableArguments {
    @Option(help: "The modules of this process, separated by commas; all when absent.")
    var modules = ""
    var names: [String] { modules.split(separator: ",").map(String.init) }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the HTTP edge, the modules and their workers.")
    @OptionGroup var chosen: ModulesOption

    func run() async throws {
        let settings = try await Settings.load()
        var log = Logger(label: "spkey") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .notice
        for (name, value) in settings.effective { print("\(name)=\(value)", to: &Standard.error) }
        let system = try await System.assemble(settings, modules: chosen.names, log: log)
        try await system.run { port in print("spkey: listening on port \(port)", to: &Standard.error) }
    }
}

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create or upgrade the schemas of the chosen modules.")
    @OptionGroup var chosen: ModulesOption

    func run() async throws { try await System.migrate(try await Settings.load(), modules: chosen.names) }
}

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a development token.")
    @Option(help: "The address in the token; one of the staff domain makes it a staff token.") var email: String?
    @Option(name: .customLong("user-id"), help: "The user the token stands for.") var userID: String?
    @Option(help: "How long it is valid: 30m, 1h, 7d.") var ttl = "1h"

    func run() async throws {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = ttl.last.flatMap({ units[$0] }), let count = Int(ttl.dropLast()), count > 0 else {
            throw ValidationError("--ttl must be like 30m, 1h or 7d")
        }
        guard email != nil || userID != nil else { throw ValidationError("--email or --user-id is needed") }
        let settings = try await Settings.load()
        print(
            try DevelopmentToken.make(
                email: email, userID: userID, lifetime: .seconds(count * unit), settings: settings, now: Clocks.wall()))
    }
}

struct ApiKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Make API keys, and end super keys.",
        subcommands: [Create.self, RevokeSuper.self, RevokeAWS.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a new key once, registering the tenant if needed.")
        @Option(help: "The tenant's id.") var org: String
        @Option(help: "The tenant's name; its id when absent.") var name: String?
        @Flag(help: "End the key that the tenant has; without it, a tenant that has one is refused.") var replace = false
        @Flag(name: .customLong("super"), help: "A key that passes the checks of ownership.") var isSuper = false
        @Flag(help: "A pair for clients made for AWS, which sign their requests; a tenant may have two.") var aws = false

        func run() async throws {
            var log = Logger(label: "spkey") { StreamLogHandler.standardError(label: $0) }
            log.logLevel = .error
            if aws {
                let pair = try await AdminTools.createAccessKey(
                    try await Settings.load(), org: org, isSuper: isSuper, replaces: replace, log: log)
                return print("AWS_ACCESS_KEY_ID=\(pair.id)\nAWS_SECRET_ACCESS_KEY=\(pair.secret)")
            }
            print(
                try await AdminTools.createApiKey(
                    try await Settings.load(), org: org, name: name ?? org, isSuper: isSuper, replaces: replace, log: log))
        }
    }

    struct RevokeSuper: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End all super keys of a tenant at once; its ordinary key stays.")
        @Option(help: "The tenant's id.") var org: String

        func run() async throws { print("\(try await AdminTools.revokeSuperKeys(try await Settings.load(), org: org)) super keys ended.") }
    }
}

extension ApiKeyCommand {
    struct RevokeAWS: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke-aws", abstract: "End all pairs of a tenant with which clients made for AWS sign; its keys stay.")
        @Option(help: "The tenant's id.") var org: String
        @Flag(name: .customLong("super"), help: "Its super pairs instead.") var isSuper = false

        func run() async throws {
            let count = try await AdminTools.revokeAccessKeys(try await Settings.load(), org: org, isSuper: isSuper)
            print("\(count) pairs ended.")
        }
    }
}

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the stored event log: versions without gaps, states equal to their fold.")

    func run() async throws {
        guard let fault = try await AdminTools.verify(try await Settings.load()) else { return print("The event log is sound.") }
        print(fault)
        throw ExitCode(1)
    }
}

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Make the views of the chosen modules anew from the event log; while nothing serves.")
    @OptionGroup var chosen: ModulesOption

    func run() async throws {
        var log = Logger(label: "spkey") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .error
        for line in try await AdminTools.rebuild(try await Settings.load(), modules: chosen.names, log: log) { print(line) }
    }
}

struct GrantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grants",
        abstract: "Print the SQL that gives each module a PostgreSQL role of its own; to be run by the owner after `spkey migrate`.")
    func run() async { print(Grants.statements, terminator: "") }
}

struct OpenAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "openapi", abstract: "Print the OpenAPI 3.1 document.")
    func run() async throws { print(System.document(try await Settings.load()).json.encoded) }
}
