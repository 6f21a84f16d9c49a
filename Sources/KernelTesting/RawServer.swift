import Glibc

/// A loopback server that handles each connection as the test specifies, each on its own thread.
public final class RawServer: Sendable {
    public let port: Int
    private let socket: Int32
    struct NoPort: Error {}

    /// - Parameter serve: receives the connection's descriptor, which is closed afterwards.
    public init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in(), length = socklen_t(MemoryLayout<sockaddr_in>.size)
        (address.sin_family, address.sin_addr.s_addr) = (sa_family_t(AF_INET), inet_addr("127.0.0.1"))
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw NoPort() }
        (socket, port) = (listener, Int(UInt16(bigEndian: address.sin_port)))
        Thread.run {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.run {
                    serve(connection); Glibc.close(connection)
                }
            }
        }
    }

    public func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    public var url: String { "http://127.0.0.1:\(port)/" }

    public static func say(_ text: String, to connection: Int32) {
        _ = text.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    /// Reads the head of a request.
    public static func hear(_ connection: Int32) {
        var head: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4_096)
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            head += buffer[0..<count]
        }
    }
}

/// Runs closures on threads of their own, for blocking work.
public enum Thread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    public static func run(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body(); return nil
            }, Unmanaged.passRetained(Work(body)).toOpaque())
        pthread_detach(thread)
    }
}
