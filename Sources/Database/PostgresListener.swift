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
    private let isListening: @Sendable (Bool) -> Void
    private let isStopping = Atomic(false)

    /// - Parameters:
    ///   - isListening: told when the connection listens, and when it is lost. If the settings name a process, it holds that process's lock.
    ///   - heard: told of each notification, and with an empty one for each channel when the connection listens.
    ///
    /// Both are called on the listener's thread and must not block.
    public init(
        _ settings: PostgresSettings, channels: [String], isListening: @escaping @Sendable (Bool) -> Void = { _ in },
        heard: @escaping @Sendable (String, String) -> Void
    ) {
        self.settings = settings
        self.channels = channels
        self.isListening = isListening
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
                isListening(false)
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
        let locks = settings.process.map { [$0.lockWhileListening] } ?? []
        for statement in locks + channels.map({ "LISTEN \"\($0)\"" }) {
            let answer = PQexec(handle, statement)
            defer { PQclear(answer) }
            guard [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(answer)) else { return }
        }
        isListening(true)
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
