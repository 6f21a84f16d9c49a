import Foundation
import Kernel
import KernelTesting
import Synchronization

/// A PostgreSQL server of a test's own, which it may stop and freeze.
final class OwnPostgres: Sendable {
    private let folder: URL
    private let port: Int
    private let program = Mutex<Program?>(nil)
    private static let bin = try! FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").sorted().last.map {
        "/usr/lib/postgresql/\($0)/bin"
    }!

    /// Runs a test with a server and takes it away afterwards.
    static func with(_ body: (OwnPostgres) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spkey-pg-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = OwnPostgres(folder, try Installation.freePort())
        // The server does not run as root.
        if getuid() == 0 { _ = try await Program.run("/usr/bin/chown", ["postgres", folder.path]) }
        let (path, arguments) = server.command("initdb", ["-A", "trust", "-N", "-U", "postgres", "-D", server.data])
        _ = try await Program.run(path, arguments)
        try await server.start()
        do { try await body(server) } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    private init(_ folder: URL, _ port: Int) { (self.folder, self.port) = (folder, port) }

    private var data: String { folder.appending(path: "data").path }
    var url: String { "postgres://postgres@127.0.0.1:\(port)/postgres" }
    var listeningPort: Int { port }

    private func command(_ name: String, _ arguments: [String]) -> (path: String, arguments: [String]) {
        let command = ["\(Self.bin)/\(name)"] + arguments
        return getuid() == 0 ? ("/usr/sbin/runuser", ["-u", "postgres", "--"] + command) : (command[0], Array(command.dropFirst()))
    }

    struct NotUp: Error {}

    func start() async throws {
        let (path, arguments) = command(
            "postgres", ["-D", data, "-p", "\(port)", "-k", folder.path, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
        let server = try Program(path, arguments, output: folder.appending(path: "log"))
        program.withLock { $0 = server }
        let isUp = try await eventually(within: .seconds(20)) {
            try await Program.run("\(Self.bin)/pg_isready", ["-h", "127.0.0.1", "-p", "\(self.port)"]).contains("accepting")
        }
        guard isUp else { throw NotUp() }
    }

    /// Ends the server without a farewell.
    func stop() async throws {
        let leader = try leader()
        kill(leader, SIGQUIT)
        // A frozen one hears it only then.
        kill(leader, SIGCONT)
        program.withLock { $0 }?.signal(SIGCONT)
        try await program.withLock { $0 }?.wait()
    }

    private func leader() throws -> Int32 {
        try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8).split(separator: "\n").first.flatMap { Int32($0) } ?? 0
    }

    /// Stops or continues the server's processes where they stand: it accepts nothing and answers nothing.
    func signalAll(_ number: Int32) async throws {
        let leader = try leader()
        kill(leader, number)  // first, so that it starts no more
        let children = try await Program.run("/usr/bin/pgrep", ["-P", "\(leader)"]).split(separator: "\n").compactMap { Int32($0) }
        for process in children { kill(process, number) }
        // Whoever started the server has stopped with it.
        if number == SIGCONT { program.withLock { $0 }?.signal(SIGCONT) }
    }
}

/// A way to a server that can be cut at a chosen moment: the request arrives, its answer does not.
final class CuttingProxy: Sendable {
    private let server: RawServer
    let isArmed: Switchable
    var port: Int { server.port }

    /// - Parameter mark: bytes of a client's message whose answer is swallowed, and its connection ended, while the proxy is armed.
    init(to port: Int, mark: String) throws {
        let armed = Switchable(), mark = Array(mark.utf8)
        isArmed = armed
        server = try RawServer { client in
            guard let upstream = try? Self.connection(to: port) else { return }
            defer { close(upstream) }
            Self.pump(client, upstream, armed, mark)
        }
    }

    func stop() { server.stop() }

    private static func connection(to port: Int) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { throw RawClient.DomainError() }
        return socket
    }

    private static func pump(_ client: Int32, _ upstream: Int32, _ armed: Switchable, _ mark: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16), isMarked = false
        while true {
            var sockets = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0)]
            guard poll(&sockets, 2, -1) > 0 else { return }
            for (place, other) in [(0, upstream), (1, client)] where sockets[place].revents != 0 {
                let count = recv(sockets[place].fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                if place == 1, isMarked { return armed.set(false) }
                if place == 0, armed.isSet, contains(buffer[0..<count], mark) { isMarked = true }
                guard send(other, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ mark: [UInt8]) -> Bool {
        bytes.indices.contains { start in
            start + mark.count <= bytes.endIndex && bytes[start] == mark[0] && bytes[start..<(start + mark.count)].elementsEqual(mark)
        }
    }
}
