import Database
import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Synchronization

/// A program started by a test.
final class Program: Sendable {
    private let process: Process
    let output: URL

    init(_ path: String, _ arguments: [String], environment: [String: String] = [:], output: URL, hearsErrors: Bool = true) throws {
        self.output = output
        process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SPKEY_") }.merging(environment) { $1 }
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let file = try FileHandle(forWritingTo: output)
        try file.seekToEnd()
        process.standardOutput = file
        process.standardError = hearsErrors ? file : FileHandle.nullDevice
        try process.run()
        // The program has its own.
        try file.close()
    }

    var id: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    func signal(_ number: Int32) { kill(id, number) }
    var status: Int32 { process.terminationStatus }

    /// Waits without holding a thread.
    func wait(within limit: Duration = .seconds(30)) async throws {
        guard try await eventually(within: limit, { !self.process.isRunning }) else { throw StillRunning() }
    }

    struct StillRunning: Error {}

    func end(_ number: Int32) async throws {
        signal(number)
        try await wait()
    }

    /// Runs a program to its end and gives what it printed. Through a file: a pipe's end would be inherited by servers that other
    /// tests start.
    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:], hearsErrors: Bool = false,
        within limit: Duration = .seconds(30)
    ) async throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "spkey-out-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        try await Program(path, arguments, environment: environment, output: output, hearsErrors: hearsErrors).wait(within: limit)
        return try String(contentsOf: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// How the modules are spread.
enum Layout: String, Sendable, CaseIterable {
    case sqlite, postgres, five

    static var testable: [Layout] { TestDatabase.server == nil ? [.sqlite] : allCases }
}

/// A whole platform: its processes, its address, its settings. Everything of it stands in a folder of its own.
final class Installation: Sendable {
    static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "spkey").path
    static let modules = ["access", "identity", "devices", "video", "partners"]

    let folder: URL
    let settings: [String: String]
    let port: Int
    let layout: Layout
    private let programs = Mutex<[Program]>([])
    private let byPort = Mutex<[Int: Program]>([:])
    /// Where the process of each module listens.
    private let ports = Mutex<[String: Int]>([:])
    /// Settings of the next start only.
    private let once = Mutex<[String: String]>([:])
    let client = HTTPClient(publicOnly: false)

    private init(_ layout: Layout, _ folder: URL, _ settings: [String: String]) throws {
        self.layout = layout
        self.folder = folder
        port = try Self.freePort()
        let own = [
            "SPKEY_ADMIN_API_KEY": "staff-key", "SPKEY_JWT_DEV_SECRET": "development-only-secret", "SPKEY_AUTO_MIGRATE": "true",
            "SPKEY_RATE_LIMIT": "0",
        ]
        self.settings = own.merging(settings) { $1 }
    }

    /// Runs a test on a fresh installation and takes it away afterwards.
    static func with(_ layout: Layout, settings: [String: String] = [:], _ body: (Installation) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func run(_ address: String) async throws {
            let installation = try Installation(layout, folder, settings.merging(["SPKEY_DATABASE_URL": address]) { own, _ in own })
            do {
                try await installation.start()
                try await body(installation)
            } catch {
                try await installation.stop()
                throw error
            }
            try await installation.stop()
        }
        guard layout != .sqlite, settings["SPKEY_DATABASE_URL"] == nil else { return try await run("sqlite:\(folder.path)/spkey.db") }
        try await TestDatabase.with(.postgres, connections: 1) { try await run(TestDatabase.address) }
    }

    /// - Parameter isAwaited: whether to wait until it can serve; a process that is to die at once never can.
    func start(isAwaited: Bool = true) async throws {
        switch layout {
        case .sqlite, .postgres: try serve([], on: port)
        case .five:
            _ = try await Program.run(Self.program, ["migrate"], environment: settings)
            try await grantRoles()
            var upstreams: [String] = []
            for module in Self.modules {
                let own = try Self.freePort()
                upstreams += ["--upstream", "\(module)=127.0.0.1:\(own)"]
                try serve([module], on: own)
                ports.withLock { $0[module] = own }
                try await ready(own)
            }
            let configuration = try await Program.run(Self.program, ["gateway-config", "--listen", "127.0.0.1:\(port)"] + upstreams)
            try Data(configuration.utf8).write(to: folder.appending(path: "nginx.conf"))
            let arguments = ["-p", folder.path, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"]
            let gateway = try Program("/usr/sbin/nginx", arguments, output: folder.appending(path: "nginx.log"))
            programs.withLock { $0.append(gateway) }
        }
        if isAwaited { try await ready(port) }
    }

    /// Starts a process with these modules, all when there are none; a module of its own works under its own role.
    @discardableResult
    func serve(_ modules: [String], on port: Int) throws -> Program {
        var own = [
            "SPKEY_HTTP_PORT": "\(port)", "SPKEY_PUBLIC_URL": "http://127.0.0.1:\(port)",
            "SPKEY_DATABASE_POOL": layout == .five ? "3" : "8",
        ]
        if let module = modules.first {
            own["SPKEY_DATABASE_URL"] = settings["SPKEY_DATABASE_URL"]?.replacing("//postgres@", with: "//spkey_\(module)@")
            own["SPKEY_AUTO_MIGRATE"] = "false"
        }
        let arguments = modules.isEmpty ? ["serve"] : ["serve", "--modules", modules.joined(separator: ",")]
        let environment = settings.merging(own) { $1 }.merging(once.withLock { $0 }) { $1 }
        let program = try Program(Self.program, arguments, environment: environment, output: log(port))
        programs.withLock { $0.append(program) }
        byPort.withLock { $0[port] = program }
        return program
    }

    struct NoSuchProcess: Error {}

    /// The process of a module, where each has its own.
    func process(of module: String) throws -> Program {
        guard let port = ports.withLock({ $0[module] }), let program = program(on: port) else { throw NoSuchProcess() }
        return program
    }

    /// Starts the process of a module again, where it was.
    func startAgain(_ module: String, _ settings: [String: String]) async throws {
        guard let port = ports.withLock({ $0[module] }) else { throw NoSuchProcess() }
        try await process(of: module).wait()
        once.withLock { $0 = settings }
        try serve([module], on: port)
        once.withLock { $0 = [:] }
        try await ready(port)
    }

    func program(on port: Int) -> Program? { byPort.withLock { $0[port] } }

    func log(_ port: Int) -> URL { folder.appending(path: "server-\(port).log") }

    /// A role for each module, with the rights it needs and no others.
    private func grantRoles() async throws {
        let file = folder.appending(path: "grants.sql")
        try Data(try await Program.run(Self.program, ["grants"]).utf8).write(to: file)
        _ = try await Program.run("/usr/bin/psql", ["-q", "-v", "ON_ERROR_STOP=1", "-f", file.path, settings["SPKEY_DATABASE_URL"] ?? ""])
    }

    struct NotReady: Error { let log: String }

    func ready(_ port: Int) async throws {
        let isUp = try await eventually(within: .seconds(60)) {
            (try? await self.client.send(OutgoingRequest("GET", "http://127.0.0.1:\(port)/readyz")).status) == 200
        }
        guard isUp else { throw NotReady(log: (try? String(contentsOf: log(port), encoding: .utf8)) ?? "") }
    }

    /// The one process of an undivided installation.
    var server: Program { programs.withLock { $0[0] } }

    /// - Parameter settings: of this start only.
    func killAndRestart(_ settings: [String: String] = [:], isAwaited: Bool = true) async throws {
        try await server.end(SIGKILL)
        programs.withLock { $0.removeAll() }
        once.withLock { $0 = settings }
        try await start(isAwaited: isAwaited)
        once.withLock { $0 = [:] }
    }

    /// Starts anew what has ended.
    func restart() async throws {
        programs.withLock { $0.removeAll() }
        try await start()
    }

    func stop() async throws {
        let all = programs.withLock { programs in
            defer { programs = [] }
            return programs
        }
        // The gateway's master ends its workers only when it is asked.
        for program in all { try await program.end(layout == .five ? SIGTERM : SIGKILL) }
        client.stop()
    }

    func spkey(_ arguments: String...) async throws -> String { try await spkey(arguments) }
    func spkey(_ arguments: [String]) async throws -> String { try await Program.run(Self.program, arguments, environment: settings) }

    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    struct NoPort: Error {}

    static func freePort() throws -> Int {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16? in
                guard bind(handle, generic, length) == 0, getsockname(handle, generic, &length) == 0 else { return nil }
                return UInt16(bigEndian: UnsafeRawPointer(generic).assumingMemoryBound(to: sockaddr_in.self).pointee.sin_port)
            }
        }
        guard let port else { throw NoPort() }
        return Int(port)
    }
}
