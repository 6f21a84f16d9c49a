import Application
import Database
import EventStore
import HTTPEdge
import Kernel
import KernelTesting
import Testing

@testable import Host

/// A list of visitors, each a person.
private struct Visits: Aggregate {
    static let category = Category("visits", className: "VisitsAggregate")
    enum Event: Sendable, Equatable { case came(Visitor), left(String) }
    struct Visitor: Sendable, Equatable, Codable {
        let who: String
        let name: String
    }
    private(set) var visitors: [Visitor] = []

    mutating func apply(_ event: Event) {
        switch event {
        case .came(let visitor): visitors.append(visitor)
        case .left(let name): visitors.removeAll { $0.name == name }
        }
    }
    var organisation: OrgID? { nil }
    static let events = EventRegistry(Events(), personalState: [PersonalField("visitors[].name", of: .sibling("who"))])
    struct Events: EventForms {
        let came = EventForm<Visits>(
            "Came", "", derived: [DerivedMember("note") { _, _ in "sealed:abc" }],
            members: .init(.coded("visitor", personal: PersonalField("visitor.name", of: .sibling("who")))),
            make: Event.came, take: { if case .came(let visitor) = $0 { visitor } else { nil } })
        let left = EventForm<Visits>(
            "Left", "", derived: [DerivedMember("who") { _, _ in "ann" }], members: .init(.personal("name", of: "who")),
            make: Event.left, take: { if case .left(let name) = $0 { name } else { nil } })
        func form(of event: Event) -> EventForm<Visits> {
            switch event {
            case .came: came
            case .left: left
            }
        }
    }
}

@Suite struct PersonalDataTests {
    /// A store with keys of persons, as each process has its own.
    private struct Stage {
        let database: any Database
        let people: PersonKeys
        let store: ModuleStore

        init(_ database: any Database) async throws {
            self.database = database
            try await Migrator(database).migrate(
                schema: "platform", [CredentialDirectory.migration, CredentialDirectory.suspensions, PersonKeys.migration])
            try await Migrator(database).migrate(schema: "alpha", Tables.migrations(for: "alpha"))
            people = PersonKeys(database: database, vault: try CryptoVault(ring: CryptoVault.development).port)
            store = ModuleStore(schema: "alpha", database: database, epoch: 0, people: people, aggregates: [AnyAggregate(Visits.self)])
        }

        func commit(_ events: Visits.Event...) async throws {
            let snapshot = try await store.port.load(Visits.self, "1")
            let append = try Append(events, to: snapshot, at: Timestamp(milliseconds: 1_000 + Int64(snapshot.version)))
            try await store.port.commit(Commit([append], trace: Trace(correlation: "", causation: nil)))
        }

        func raw(_ sql: SQL) async throws -> String {
            try await database.read(sql).map { try $0.find("text", as: String.self) ?? "" }.joined(separator: "\n")
        }
        func fault() async throws -> String? {
            try await Verifier(schema: "alpha", aggregates: [AnyAggregate(Visits.self)], database: database, people: people).firstFault()
        }
    }

    @Test(.everyDatabase) func `what is personal is stored as ciphertext and read in clear`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.commit(
            .came(Visits.Visitor(who: "ann", name: "Ann Example")), .came(Visits.Visitor(who: "bob", name: "Bob \u{1F511}")))
        for column in ["SELECT data AS text FROM alpha.events", "SELECT state AS text FROM alpha.aggregates"] as [SQL] {
            let raw = try await stage.raw(column)
            #expect(!raw.contains("Ann Example") && !raw.contains("Bob") && raw.contains("sealed:") && raw.contains("ann"))
        }
        // Others hear of it in clear: what is told expires.
        #expect(try await stage.raw("SELECT data AS text FROM alpha.outbox").contains("Ann Example"))
        let other = try await Stage(database)
        #expect(try await other.store.port.load(Visits.self, "1").state.visitors.map(\.name) == ["Ann Example", "Bob \u{1F511}"])
        let history = try await other.store.port.history(StreamName("visits", "1"), 1, 10)
        #expect(
            history.map { $0.wire.data["visitor"]?["name"]?.text } == ["Ann Example", "Bob \u{1F511}"]
                && history[0].wire.data["note"] == "sealed:abc")
        #expect(try await other.fault() == nil)
    }

    @Test(.everyDatabase) func `an erased person can be read by nobody, and the log stays sound`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.commit(
            .came(Visits.Visitor(who: "ann", name: "Ann")), .came(Visits.Visitor(who: "ann", name: "Annie")),
            .came(Visits.Visitor(who: "bob", name: "Bob")))
        try await stage.commit(.left("Ann"))
        _ = try await database.transact([PersonKeys.forget("ann")])
        let after = try await Stage(database)
        let names = try await after.store.port.load(Visits.self, "1").state.visitors.map(\.name)
        #expect(names.count == 2 && names[0].hasPrefix("erased-") && names[1] == "Bob")
        // Equal words stay equal, different ones different.
        let told = try await after.store.port.history(StreamName("visits", "1"), 1, 10).map {
            $0.wire.data["visitor"]?["name"]?.text ?? $0.wire.data["name"]?.text ?? ""
        }
        #expect(told[0] == told[3] && told[0] != told[1] && told[1] == names[0] && told[2] == "Bob")
        #expect(try await after.fault() == nil)
        // Nothing is kept of the person any more, and no key comes back.
        try await after.commit(.came(Visits.Visitor(who: "ann", name: "Ann again")))
        #expect(try await after.raw("SELECT data AS text FROM alpha.events").contains("Ann again") == false)
        #expect(try await after.fault() == nil)
        try await after.commit(.came(Visits.Visitor(who: "cid", name: "Cid")))
        #expect(try await after.fault() == nil)
        #expect(
            try await database.read("SELECT 1 AS one FROM platform.person_keys WHERE user_id = 'ann' AND sealed IS NOT NULL").isEmpty)
    }

    @Test(.everyDatabase) func `what a reaction appends is sealed too`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database), signals = OutboxSignals()
        try await stage.commit(.came(Visits.Visitor(who: "ann", name: "Ann Example")))
        let reaction = Reaction("echo", from: ["alpha"], hears: ["Came"]) { _ in
            let visits = try await stage.store.port.load(Visits.self, "1")
            guard visits.version == 1 else { return .none }
            return Changes(appends: [
                try Append([.came(Visits.Visitor(who: "bob", name: "Bob Example"))], to: visits, at: Timestamp(milliseconds: 2_000))
            ])
        }
        let subscriptions = Subscription.all(
            of: reaction, store: stage.store, holder: "one", signals: signals, checkpoints: Checkpoints(database),
            log: Log { _, _, _ in },
            clock: { Timestamp(milliseconds: 3_000) })
        let tasks = subscriptions.map { subscription in Task { await subscription.run() } }
        #expect(try await eventually { try await stage.store.port.load(Visits.self, "1").version == 2 })
        for task in tasks { task.cancel(); await task.value }
        for column in ["SELECT data AS text FROM alpha.events", "SELECT state AS text FROM alpha.aggregates"] as [SQL] {
            let raw = try await stage.raw(column)
            #expect(!raw.contains("Example") && raw.contains("sealed:"))
        }
        #expect(try await stage.fault() == nil)
    }

    @Test(.everyDatabase) func `a state remembered from before an erasure is read anew`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        try await stage.commit(.came(Visits.Visitor(who: "ann", name: "Ann")))
        let before = try await stage.store.port.load(Visits.self, "1")
        let directory = CredentialDirectory.port(forget: PersonKeys.forget)
        _ = try await Stage(database).database.transact(directory.suspend("ann", true, []) + directory.forget("ann"))
        #expect(try await stage.store.port.load(Visits.self, "1").state.visitors[0].name.hasPrefix("erased-"))
        // Who has read it before must look again.
        let late = try Append([.came(Visits.Visitor(who: "bob", name: "Bob"))], to: before, at: Timestamp(milliseconds: 2_000))
        await #expect(throws: CommitFailure.versionConflict) {
            try await stage.store.port.commit(Commit([late], trace: Trace(correlation: "", causation: nil)))
        }
        try await stage.commit(.came(Visits.Visitor(who: "bob", name: "Bob")))
        #expect(try await stage.fault() == nil)
    }

    @Test(.everyDatabase) func `texts that look sealed are left alone, and ciphertext counts in its own stream only`() async throws {
        let database = TestDatabase.current
        let stage = try await Stage(database)
        let forged = ["sealed:", "sealed:0123456789abcdef:zzzz:nobody", "sealed:x:y:z", "sealed:0123456789abcdef:AAAA:ann"]
        try await stage.commit(.came(Visits.Visitor(who: "ann", name: "Ann")))
        let plain = JSON.array(forged.map(JSON.string))
        #expect(try await stage.people.open(plain, of: StreamName("visits", "1")) == plain)
        let raw = try await database.read("SELECT data FROM alpha.events").first?.find("data", as: JSON.self) ?? .null
        #expect(try await stage.people.open(raw, of: StreamName("visits", "1"))["visitor"]?["name"] == "Ann")
        #expect(try await stage.people.open(raw, of: StreamName("visits", "2"))["visitor"]?["name"] != "Ann")
    }

    @Test func `persons are found along paths`() {
        let object: JSON.Object = ["a": [["who": "x", "b": "1"], "odd", ["b": "2"]], "c": ["d": "3"], "e": 4]
        var seen: [String] = []
        let fields = [PersonalField("a[].b", of: .sibling("who")), PersonalField("c.d"), PersonalField("e"), PersonalField("gone.too")]
        let replaced = fields.replace(in: object, of: StreamName("s", "me")) { text, person in
            seen.append("\(person)=\(text)")
            return "*"
        }
        #expect(seen == ["x=1", "me=3"])
        #expect(JSON.object(replaced) == ["a": [["who": "x", "b": "*"], "odd", ["b": "2"]], "c": ["d": "*"], "e": 4])
    }
}
