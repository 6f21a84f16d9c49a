import Foundation
import Kernel
import KernelTesting

/// Lets this process open some thousand files, where the system allows it without asking.
func raiseLimitOfOpenFiles() throws {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { throw RawClient.DomainError() }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 8_192))
    guard setrlimit(kind, &limit) == 0 else { throw RawClient.DomainError() }
}

/// A client that says byte by byte what the test wants, and never blocks.
final class RawClient: Sendable {
    private let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { throw DomainError() }
    }

    struct DomainError: Error {}

    deinit { close(socket) }

    func say(_ text: String) { _ = text.withCString { send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) } }

    /// What has arrived by now; nil once the other side has closed.
    private func arrived() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return Array(buffer[0..<count]) }
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? [] : nil
    }

    /// Waits until the other side closes; answers what it said before.
    func untilClosed(within limit: Duration) async throws -> String? {
        var heard: [UInt8] = []
        let isClosed = try await eventually(within: limit) {
            guard let more = self.arrived() else { return true }
            heard += more
            return false
        }
        return isClosed ? String(decoding: heard, as: UTF8.self) : nil
    }

    /// Waits until an answer with a body has come.
    func answer(within limit: Duration) async throws -> String {
        var heard: [UInt8] = []
        _ = try await eventually(within: limit) {
            guard let more = self.arrived() else { return true }
            heard += more
            return String(decoding: heard, as: UTF8.self).contains("\r\n\r\n{")
        }
        return String(decoding: heard, as: UTF8.self)
    }

    /// Waits until it has said something; answers everything that came meanwhile, or nil.
    func hears(_ text: String, within limit: Duration = .seconds(10)) async throws -> String? {
        var heard: [UInt8] = []
        let isThere = try await eventually(within: limit) {
            guard let more = self.arrived() else { return false }
            heard += more
            return String(decoding: heard, as: UTF8.self).contains(text)
        }
        return isThere ? String(decoding: heard, as: UTF8.self) : nil
    }

    /// Whether it says this within a time.
    func says(_ text: String, within limit: Duration) async throws -> Bool {
        var heard: [UInt8] = []
        return try await eventually(within: limit) {
            guard let more = self.arrived() else { return true }
            heard += more
            return String(decoding: heard, as: UTF8.self).hasPrefix(text)
        }
    }
}
