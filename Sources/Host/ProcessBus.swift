import Database
import EventStore
import Kernel
import MessageBus

/// The bus of one process: local where the module is here, through PostgreSQL where it is not.
struct ProcessBus: Sendable {
    let local: LocalAsks
    let wakes = Wakes()
    /// Unique among all processes.
    let process: String
    private let remote: PostgresAsks?
    private let notifier: Notifier?
    private let listener: PostgresListener?
    private let modules: Set<String>

    private static let outboxChannel = "spkey_outbox"

    init(_ storage: Storage, modules: [String], isSplit: Bool, clock: @escaping @Sendable () -> Moment) throws {
        (local, process, self.modules) = (LocalAsks(clock: clock), UUIDText.fresh(at: clock()).text, Set(modules))
        guard isSplit, let postgres = storage.postgres else {
            (remote, notifier, listener) = (nil, nil, nil)
            return
        }
        // Lost asks time out, so their commits need not wait for the disk.
        let own = PostgresDatabase(PostgresSettings(conninfo: postgres.conninfo, isDurable: false), connections: 2)
        let notifier = Notifier(PostgresDatabase(PostgresSettings(conninfo: postgres.conninfo, isDurable: false), connections: 1))
        let remote = PostgresAsks(database: own, notifier: notifier, local: local, modules: modules, process: process, clock: clock)
        (self.notifier, self.remote) = (notifier, remote)
        listener = PostgresListener(postgres, channels: remote.channels + [Self.outboxChannel]) { [wakes] channel, payload in
            if channel == Self.outboxChannel { wakes.wake(payload) } else { remote.heard() }
        }
    }

    /// A module of this process has written to its outbox.
    func posted(_ module: String) {
        wakes.wake(module)
        notifier?.notify(Self.outboxChannel, module)
    }

    var port: Bus {
        Bus { [local, remote, modules] name, module, body, context in
            guard !modules.contains(module), let remote else { return try await local.send(name, body, context) }
            return try await remote.send(name, module, body, context)
        }
    }

    var jobs: [Job] { remote.map { remote in [Job("bus-asks") { try await remote.poll() }] } ?? [] }
}
