import Application
import Database
import EventStore
import Kernel
import MessageBus

/// The bus of one process: local for modules in this process, through PostgreSQL for all others.
struct ProcessBus: Sendable {
    let local: LocalAsks
    let signals = OutboxSignals()
    /// Unique among all processes.
    let process: String
    private let remote: PostgresAsks?
    private let notifier: Notifier?
    private let listener: PostgresListener?
    private let modules: Set<String>
    private let role: @Sendable (String) -> AnswerRole

    private static let outboxChannel = "spkey_outbox"

    /// - Parameters:
    ///   - isSplit: whether other modules run in other processes; only then are outbox writes announced to them at once.
    ///   - role: returns whether this process currently answers for a module.
    init(
        _ storage: Storage, modules: [String], isSplit: Bool, role: @escaping @Sendable (String) -> AnswerRole,
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        local = LocalAsks(clock: clock)
        process = UUIDText.fresh(at: clock()).text
        self.modules = Set(modules)
        self.role = role
        guard let postgres = storage.postgres else {
            remote = nil
            notifier = nil
            listener = nil
            return
        }
        // Lost asks time out, so their commits need not wait for the disk.
        let own = PostgresDatabase(PostgresSettings(conninfo: postgres.conninfo, isDurable: false), connections: 2)
        let notices = Notifier(PostgresDatabase(PostgresSettings(conninfo: postgres.conninfo, isDurable: false), connections: 1))
        let remote = PostgresAsks(
            database: own, notifier: notices, local: local, modules: modules, role: role, process: process, clock: clock)
        (notifier, self.remote) = (isSplit ? notices : nil, remote)
        let membership = storage.membership
        listener = PostgresListener(
            postgres, channels: remote.channels + [WritingProcess.channel] + (isSplit ? [Self.outboxChannel] : []),
            isListening: {
                remote.isListening($0)
                $0 ? membership?.listenerIsConnected() : membership?.listenerIsLost()
            }
        ) { [signals] channel, payload in
            if channel == WritingProcess.channel {
                Task { await membership?.look() }
                return
            }
            guard channel == Self.outboxChannel else { return remote.heard(channel, payload) }
            if let notice = OutboxNotice(payload) { signals.wake(notice) } else { signals.wakeAll() }
        }
    }

    /// Announces what a module of this process has written to its outbox.
    func posted(_ notice: OutboxNotice) {
        signals.wake(notice)
        notifier?.notify(Self.outboxChannel, notice.text)
    }

    var port: Bus {
        Bus { [local, remote, modules, role] name, module, body, context in
            guard let remote, !modules.contains(module) || role(module) == .none else { return try await local.send(name, body, context) }
            return try await remote.send(name, module, body, context)
        }
    }

    var jobs: [Job] { remote.map { remote in [Job("bus-asks") { try await remote.poll() }] } ?? [] }
}
