import Application
import Database
import EventStore
import HTTPEdge
import Kernel
import KernelTesting
import Testing

@testable import Host

/// Databases of a time when UUIDs were stored as they were typed.
@Suite struct UUIDFoldingTests {
    private struct Note: Aggregate {
        static let category = Category("note", className: "NoteAggregate")
        struct Written: Sendable, Equatable, Codable {
            let key: Key
            let text: String
        }
        typealias Event = Written
        enum Thing {}
        typealias Key = ID<Thing>
        private(set) var written: [Written] = []
        mutating func apply(_ event: Written) { written.append(event) }
        var organisation: OrgID? { nil }
        static let events = EventRegistry(Events(), personalState: [PersonalField("written[].text")])
        struct Events: EventForms {
            let written = EventForm<Note>(
                "Written", "", members: .init(.member("key"), .personal("text")), make: Written.init, take: { ($0.key, $0.text) })
            func form(of event: Written) -> EventForm<Note> { written }
        }
    }

    static let small = "0b7c4d7e-5a4f-4b6e-9d1c-2f3a4b5c6d7e", capital = small.uppercased()
    static let other = "1B7C4D7E-5A4F-4B6E-9D1C-2F3A4B5C6D7E"

    private func vault() throws -> Vault { try CryptoVault(ring: CryptoVault.development).port }

    /// A database as an earlier build would have left it: a note of a person, both named in capitals.
    private func prepare(_ database: any Database, person: String) async throws {
        try await Migrator(database).migrate(
            schema: "platform", [CredentialDirectory.migration, CredentialDirectory.suspensions, PersonKeys.migration])
        try await Migrator(database).migrate(schema: "alpha", Tables.migrations(for: "alpha") + [Self.keys])
        let vault = try vault(), key = vault.random(32), sealedKey = try vault.seal(key, "person-key", person)
        let cipher = try vault.sealUnder(key, Array("hello".utf8), "\(person) note-\(person)")
        let sealed = JSON.string("sealed:0123456789abcdef:\(cipher):\(person)")
        let data: JSON = ["key": .string(Self.other), "text": sealed],
            state: JSON = ["written": [["key": .string(Self.other), "text": sealed]]]
        _ = try await database.transact([
            "INSERT INTO platform.person_keys (user_id, sealed) VALUES (\(person), \(sealedKey))",
            "INSERT INTO alpha.aggregates (category, id, version, shape, state, changed_at) VALUES ('note', \(person), 1, 1, \(state), 1)",
            "INSERT INTO alpha.events (category, id, version, type, data, at) VALUES ('note', \(person), 1, 'Written', \(data), 1)",
            """
            INSERT INTO alpha.outbox (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, data)
            VALUES (1, 99, 'e', 'Written', 'note', \(person), \(person), 1, 1, '[]', '', '{}')
            """,
            "INSERT INTO alpha.claims (kind, value, category, id) VALUES ('note', \(person), 'note', \(person))",
            "INSERT INTO alpha.keys (id, name) VALUES (\("7/" + Self.other), 'Key ABC')",
        ])
    }

    private static let keys = Migration("100-keys", ["CREATE TABLE alpha.keys (id TEXT PRIMARY KEY, name TEXT NOT NULL)"])

    private func fold(_ database: any Database) async throws {
        for schema in ["platform", "alpha"] { try await UUIDFolding(schema, database: database, vault: try vault()).run() }
    }

    @Test(.everyDatabase) func `ids in capitals are found in small letters, and what was encrypted for them is read`() async throws {
        let database = TestDatabase.current
        try await prepare(database, person: Self.capital)
        #expect(
            try await UUIDFolding("alpha", database: database, vault: try vault()).findings().map { "\($0.table).\($0.column)" }
                .sorted() == [
                    "aggregates.id", "claims.id", "claims.value", "events.id", "keys.id", "outbox.id", "outbox.subject",
                ])
        try await fold(database)
        let people = PersonKeys(database: database, vault: try vault())
        let store = ModuleStore(schema: "alpha", database: database, epoch: 0, people: people, aggregates: [AnyAggregate(Note.self)])
        let note = try await store.port.load(Note.self, Self.small)
        #expect(note.state.written == [Note.Written(key: Note.Key(Self.other.lowercased()), text: "hello")])
        #expect(
            try await Verifier(schema: "alpha", aggregates: [AnyAggregate(Note.self)], database: database, people: people).firstFault()
                == nil)
        #expect(try await database.read("SELECT value FROM alpha.claims").first?.find("value", as: String.self) == Self.small)
        let key = try await database.read("SELECT id, name FROM alpha.keys").first
        #expect(
            try key?.find("id", as: String.self) == "7/\(Self.other.lowercased())" && key?.find("name", as: String.self) == "Key ABC")
        let waiting = try await database.read("SELECT id, shard FROM alpha.outbox").first
        #expect(try waiting?.find("id", as: String.self) == Self.small && waiting?.find("shard", as: Int64.self) == 99)
        // Once, and never again.
        try await fold(database)
        #expect(try await UUIDFolding.isDone("alpha", database))
    }

    @Test(.everyDatabase) func `two that would become one stop it with a list, and nothing is changed`() async throws {
        let database = TestDatabase.current
        try await prepare(database, person: Self.capital)
        _ = try await database.transact([
            "INSERT INTO alpha.claims (kind, value, category, id) VALUES ('note', \(Self.small), 'note', 'x')"
        ])
        let rows = ["alpha.claims (kind, value): note, \(Self.capital)", "alpha.claims (kind, value): note, \(Self.small)"]
        do {
            try await fold(database)
            Issue.record("it did not stop")
        } catch let collision as UUIDFolding.Collision {
            #expect(collision.rows.sorted() == rows)
        }
        #expect(try await database.read("SELECT id FROM alpha.events").first?.find("id", as: String.self) == Self.capital)
        #expect(try await !UUIDFolding.isDone("alpha", database))
    }
}
