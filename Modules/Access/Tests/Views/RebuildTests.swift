import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Testing

@testable import Access

/// What the views say after everything that can happen, after damage, and after a rebuild.
@Suite struct RebuildTests {
    @Test(.everyDatabase) func `replaying the log gives the same rows`() async throws {
        let database = TestDatabase.current
        let stage = try await AccessStage(database), uuid: UUIDText = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
        try await stage.tell(
            "7",
            [
                .created(
                    Installation(
                        lock: LockID(7), uuid: uuid, owner: "ann", org: "acme", keys: [Key(id: "first", index: 1, user: "bob")])),
                .keyAdded(Key(id: "k", index: 2, user: "eve")), .keyRemoved("first", index: 1), .ownerSet("bob"),
                .residentAdded(Resident(user: "ann", name: "Ann")),
                .residentAdded(Resident(user: "bob", name: "Bob")), .residentRemoved("ann", email: nil),
                .uuidChanged(to: "8c9e6679-7425-40de-944b-e07fc1f90ae7", from: uuid), .openRequested(reason: nil, request: nil),
            ], of: Lock.self)
        try await stage.tell(
            "8", [.created(Installation(lock: LockID(8), uuid: "9c9e6679-7425-40de-944b-e07fc1f90ae7", org: "acme"))], of: Lock.self)
        let terms = KeyGrantTests.terms()
        try await stage.tell(
            "7/k", [.granted(terms, isOnDevice: false, run: "run"), .moveIntended(onto: true, attempt: 1)], of: KeyGrant.self)
        let other = KeyGrant.Terms(lock: LockID(7), key: "gone", validity: .always, since: 2)
        try await stage.tell("7/gone", [.granted(other, isOnDevice: false, run: "run"), .revoked], of: KeyGrant.self)
        let key: TempKey.ID = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11",
            door = TempKey.Door(id: 1, lock: LockID(7), lockUuid: uuid, label: nil, method: .key)
        let definition = TempKey.Definition(
            id: key, isShared: true, doors: [door], users: nil, from: Timestamp(milliseconds: 1), until: Timestamp(milliseconds: 9),
            maxUses: nil, description: nil,
            sealedPin: nil, createdBy: "acme", createdAt: Timestamp(milliseconds: 1))
        try await stage.tell(
            key.text,
            [
                .created(definition), .changed(TempKeyChanges(users: ["eve"], isWhitelist: true), by: "acme"),
                .revoked(by: "acme", at: Timestamp(milliseconds: 5)),
            ],
            of: TempKey.self)

        let before = try await stage.rows()
        #expect(before.values.allSatisfy { !$0.isEmpty })
        try await stage.damage()
        #expect(try await stage.rows() != before)
        let count = try await Rebuild(access, store: stage.store, database: database, reactions: []).run()
        #expect(count == 5)
        #expect(try await stage.rows() == before)
    }

    /// A table that `project` fills and that is not declared would not be rebuilt.
    @Test func `every table that views write is declared`() throws {
        let change = { (event: Lock.Event) in
            var after = Lock()
            after.apply(.created(Installation(lock: LockID(7), uuid: "u", owner: "ann")))
            return Change(
                stream: StreamName("lock", "7"), event: event, before: after, after: after, version: 2, at: Timestamp(milliseconds: 0))
        }
        let events: [Lock.Event] = [
            .keyAdded(Key(id: "k")), .keyRemoved("k", index: nil), .residentAdded(Resident(user: "a", name: "A")),
            .residentRemoved("a", email: nil),
        ]
        let texts = try events.flatMap { event in try Lock.views.flatMap { try $0.rows(change(event)) } }.map(\.text)
        let tables = Set(texts.compactMap { $0.firstMatch(of: /access\.(\w+)/)?.1 }.map(String.init))
        #expect(tables == ["owned_locks", "lock_keys", "residents"] && tables.isSubset(of: access.views))
    }
}

extension AccessStage {
    fileprivate func rows() async throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        for table in access.views {
            found[table] = try await database.read("SELECT * FROM access.\(trusted: table)").map { row in "\(row)" }.sorted()
        }
        return found
    }

    fileprivate func damage() async throws {
        _ = try await database.transact(
            access.views.map { "DELETE FROM access.\(trusted: $0)" } + [
                "INSERT INTO access.residents (lock_id, user_id) VALUES ('7', 'nobody')",
                "INSERT INTO access.lock_keys (lock_id, key_uuid, since) VALUES ('7', 'never', 1)",
            ])
    }
}
