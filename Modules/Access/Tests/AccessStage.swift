import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization

@testable import Access

/// The module on a database of its own, with a clock that the test moves and a bus that answers as the test says.
final class AccessStage: Sendable {
    let database: any Database
    let store: ModuleStore
    let fake = FakeServices()
    private let now = Mutex(Timestamp(milliseconds: 1_000_000))
    static let trace = Trace(correlation: "", causation: nil)

    init(_ database: any Database) async throws {
        self.database = database
        let epochs = "CREATE TABLE platform.credentials_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL)"
        try await Migrator(database).migrate(
            schema: "platform",
            [Migration("epochs", [epochs, "INSERT INTO platform.credentials_epoch VALUES (1, 1)"]), Fences.migration])
        try await Migrator(database).migrate(schema: "access", Tables.migrations(for: "access") + access.migrations)
        store = ModuleStore(schema: "access", database: database, epoch: 0, aggregates: access.aggregates)
    }

    var services: Services {
        let fake = fake.services("access")
        return Services(
            module: "access", store: store.port, bus: fake.bus, vault: fake.vault, directory: fake.directory, ports: Ports(),
            settings: SettingValues(),
            log: fake.log, clock: { self.clock })
    }
    var clock: Timestamp { now.withLock { $0 } }

    func pass(_ span: Duration) { now.withLock { $0 = $0 + span } }

    /// Appends events one by one: a state that is read wrongly in between would show.
    func tell<A: Aggregate>(_ id: String, _ events: [A.Event], of type: A.Type = A.self) async throws {
        for event in events {
            let snapshot = try await store.port.load(A.self, id)
            let append = try Append([event], to: snapshot, at: Timestamp(milliseconds: 1_000 + Int64(snapshot.version)))
            try await store.port.commit(Commit([append], trace: Self.trace))
        }
    }

    func state<A: Aggregate>(_ id: String, of type: A.Type = A.self) async throws -> A { try await store.port.load(A.self, id).state }

    /// What a reaction wants is done, as its subscription would.
    func carryOut(_ effects: Changes) async throws {
        try await store.port.commit(Commit(effects.appends, rows: effects.rows, trace: Self.trace))
    }
}
