import Application
import Database
import DevicesContracts
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Devices

/// The thing runner on a real database, with a link that writes down what is published and a clock that the test moves.
final class ThingStage: Sendable {
    /// Far ahead of the database's own clock, with which the table compares deadlines.
    static let start = Timestamp(milliseconds: 32_503_680_000_000)
    private struct State {
        var published: [HubLink.Outbound] = []
        var now = start
        var isUp = true
        var isLossy = false
        var ended: Set<JSON> = []
        var knowsRights = true
        var lostModule: String?
        var rightsTake = Duration.zero
        /// How often the database was read.
        var reads = 0
        /// How many queries fail before the database answers again.
        var failures = 0
    }
    private let state = Mutex(State())
    let database: any Database
    private let delivered = DeliveredCommands()
    let memory = ThingMemory()

    init(_ database: any Database) async throws {
        self.database = database
        let epochs = "CREATE TABLE platform.credentials_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL)"
        try await Migrator(database).migrate(
            schema: "platform",
            [Migration("epochs", [epochs, "INSERT INTO platform.credentials_epoch VALUES (1, 1)"]), Fences.migration])
        try await Migrator(database).migrate(schema: "devices", Tables.migrations(for: "devices") + devices.migrations)
        for thing in ["t", "u", "other", "bridge"] {
            _ = try await database.transact(["INSERT INTO devices.things (name, org_id) VALUES (\(thing), 'acme')"])
        }
    }

    func pass(_ span: Duration) { state.withLock { $0.now = $0.now + span } }
    func set(isUp: Bool) { state.withLock { $0.isUp = isUp } }
    /// Whether the link takes messages without a word of what becomes of them.
    func set(isLossy: Bool) { state.withLock { $0.isLossy = isLossy } }
    /// Ends a right; the module that knows of it says so from now on.
    func end(_ right: JSON) { state.withLock { _ = $0.ended.insert(right) } }
    /// Whether the module that knows of rights answers.
    func set(knowsRights: Bool) { state.withLock { $0.knowsRights = knowsRights } }
    /// Has one module of several not answer.
    func lose(module: String) { state.withLock { $0.lostModule = module } }
    /// How long the module that knows of rights takes for an answer.
    func answerRights(after span: Duration) { state.withLock { $0.rightsTake = span } }
    func published(_ tail: String) -> [JSON] {
        state.withLock { $0.published }.filter { $0.tail == tail }.compactMap { try? JSON.parse($0.payload, depth: 64) }
    }
    var everything: [HubLink.Outbound] { state.withLock { $0.published } }
    var count: Int { state.withLock { $0.published.count } }
    var now: Timestamp { state.withLock { $0.now } }

    /// Forgets all that was sent, on a link that is up.
    func startOver() async throws {
        state.withLock { ($0.published, $0.isUp, $0.isLossy, $0.ended, $0.knowsRights) = ([], true, false, [], true) }
        memory.forgetAll()
        _ = try await database.transact(["DELETE FROM devices.commands", "DELETE FROM devices.shadows", "DELETE FROM devices.presence"])
    }

    /// Has the next queries fail as they do while the database is away.
    func failQueries(_ count: Int) { state.withLock { $0.failures = count } }

    private func refuse() throws {
        let isAway = state.withLock { state in
            defer { state.failures = max(0, state.failures - 1) }
            return state.failures > 0
        }
        if isAway { throw RequestError.unavailable("The database is not available now.", retryAfter: .seconds(1)) }
    }

    var offers: [HubLink.Outbound] { state.withLock { $0.published }.filter { $0.tail == "update/delta" } }

    /// How often the database was read.
    var reads: Int { state.withLock { $0.reads } }

    var runner: ThingRunner { runner(delivered, memory) }
    /// A process that held the link before, or will: it shares nothing but the database.
    var another: ThingRunner { runner(DeliveredCommands(), ThingMemory()) }

    private func runner(_ delivered: DeliveredCommands, _ memory: ThingMemory) -> ThingRunner {
        let real = ModuleStore(schema: "devices", database: database, epoch: 1).port
        let store = Store(
            state: real.state, history: real.history, commit: real.commit,
            query: { query in
                try self.refuse()
                return try await real.query(query)
            },
            read: { queries in
                self.state.withLock { $0.reads += 1 }
                return try await real.read(queries)
            }, run: real.run, lockStream: real.lockStream, holds: real.holds)
        let fake = FakeServices().services("devices")
        let services = Services(
            module: "devices", store: store, bus: rights, vault: fake.vault, directory: fake.directory, ports: Ports(),
            settings: SettingValues(),
            log: fake.log, clock: { self.state.withLock { $0.now } })
        let link = HubLink(
            listen: { _ in },
            publish: { message in
                try self.state.withLock { state in
                    guard state.isUp else { throw HubLink.Down() }
                    state.published.append(message)
                    if state.isLossy { throw HubLink.Unknown() }
                }
                return .taken
            }, isUp: { true })
        return ThingRunner(services: services, link: link, delivered: delivered, memory: memory)
    }

    /// Answers what the module of a premise would.
    private var rights: Bus {
        Bus { name, _, body, _ in
            try self.state.withLock { state in
                guard state.knowsRights, name != state.lostModule.map(PremisesHold.name) else { throw AskFailure.timedOut(name: name) }
                defer { state.now = state.now + state.rightsTake }
                return .array((body.items ?? []).map { .bool(!state.ended.contains($0)) })
            }
        }
    }

    static let trace = Trace(correlation: "", causation: nil)
    /// Of an ask that is sent now.
    var context: AskContext { AskContext(trace: Self.trace, deadline: state.withLock { $0.now } + SendCommand.timeout) }

    func unlock(_ action: ActionID, _ thing: ThingName = "t") async throws -> SendCommand.Reply.Outcome {
        let command = SendCommand(
            action: action, thing: thing, org: "acme", command: .unlock(reason: nil, request: nil), lifetime: .seconds(30),
            context: ["c": 1])
        return try await runner.send(command, context).outcome
    }

    func unlock(
        _ action: ActionID, _ thing: ThingName = "t", expecting wanted: SendCommand.Reply.Outcome,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await unlock(action, thing)
        #expect(outcome == wanted, sourceLocation: place)
    }

    func answer(_ action: String, _ status: String = "ok") async throws {
        let report: JSON = ["state": ["reported": ["lastCommand": ["message_id": .string(action), "status": .string(status)]]]]
        try await runner.receive(.shadow("t", shadow: "command", verb: .update, payload: report.bytes))
    }

    func finished() async throws -> [CommandFinished] {
        try await database.read("SELECT data FROM devices.outbox WHERE name = 'CommandFinished' ORDER BY position").compactMap {
            try $0.find("data", as: JSON.self)?.decoded()
        }
    }
}
