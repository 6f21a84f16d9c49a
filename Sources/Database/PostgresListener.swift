import CPostgres
import Glibc
import Synchronization

/// Receives NOTIFY on its own connection and reconnects when it is lost. Notifications sent meanwhile are missed, so listeners also poll.
///
/// `@unchecked Sendable`: the connection belongs to its thread; only the stop flag is shared, and it is atomic.
public final class PostgresListener: @unchecked Sendable {
    private let settings: PostgresSettings
    private let channels: [String]
    private let heard: @Sendable (_ channel: String, _ payload: String) -> Void
    private let isStopping = Atomic(false)

    /// - Parameter heard: called on the listener's thread; must not block.
    public init(_ settings: PostgresSettings, channels: [String], heard: @escaping @Sendable (String, String) -> Void) {
        self.settings = settings
        self.channels = channels
        self.heard = heard
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<PostgresListener>.fromOpaque(context!).takeRetainedValue().listen()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    public func stop() { isStopping.store(true, ordering: .relaxed) }

    private func listen() {
        while !isStopping.load(ordering: .relaxed) {
            if let handle = connect() {
                if PQstatus(handle) == CONNECTION_OK { hear(handle) }
                PQfinish(handle)
            }
            usleep(200_000)
        }
    }

    /// Connects with settings that detect a silently lost peer within half a minute.
    private func connect() -> OpaquePointer? {
        let parameters = [
            ("dbname", settings.conninfo), ("connect_timeout", "5"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "20000"),
        ]
        var names = parameters.map { UnsafePointer(strdup($0.0)) } + [nil], texts = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
        defer { for pointer in names + texts { free(UnsafeMutablePointer(mutating: pointer)) } }
        return PQconnectdbParams(&names, &texts, 1)
    }

    private func hear(_ handle: OpaquePointer) {
        for channel in channels {
            let answer = PQexec(handle, "LISTEN \"\(channel)\"")
            defer { PQclear(answer) }
            guard PQresultStatus(answer) == PGRES_COMMAND_OK else { return }
        }
        for channel in channels { heard(channel, "") }
        while !isStopping.load(ordering: .relaxed) {
            var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard poll(&socket, 1, 500) >= 0 || errno == EINTR, PQconsumeInput(handle) == 1 else { return }
            while let notice = PQnotifies(handle) {
                heard(String(cString: notice.pointee.relname), String(cString: notice.pointee.extra))
                PQfreemem(notice)
            }
        }
    }
}
