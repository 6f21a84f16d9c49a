import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Testing

@testable import Access

/// What a large tenant has: it stays readable, and no look at it reads more than it shows.
@Suite struct LargeNumbersTests {
    private let owner = Caller.key(org: "acme", isSuper: false)

    private func request(_ stage: AccessStage, query: [String: String] = [:]) -> Request {
        Request(path: ["id": "7"], query: query, caller: owner, attempt: Attempt(now: stage.clock))
    }

    private func body(_ response: Response) throws -> JSON {
        switch response.body {
        case .json(let json): json
        case .rendered(let bytes): try JSON.parse(bytes, depth: 16)
        default: .null
        }
    }

    @Test(.everyDatabase) func `a lock with fifty thousand events is read page by page, and made anew from them`() async throws {
        let database = TestDatabase.current
        let stage = try await AccessStage(database)
        try await stage.tell(
            "7", [.created(Installation(lock: LockID(7), uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae1", org: "acme"))], of: Lock.self)
        let data = try await database.read("SELECT data FROM access.events").first?.find("data", as: String.self) ?? ""
        _ = try await database.transact([
            """
            WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
            INSERT INTO access.events (category, id, version, type, data, org_id, at) SELECT 'lock', '7', i, \
            'LockOpenRequested', \(data), 'acme', i FROM n
            """,
            "UPDATE access.aggregates SET version = 50000, shape = -1 WHERE category = 'lock' AND id = '7'",
        ])
        let first = try body(try await LockHistory.operation.perform(request(stage, query: ["page": "1"]), stage.services))
        #expect(first["events"]?.items?.count == 10 && first["totalEvents"] == 50_000 && first["totalPages"] == 5_000)
        let last = try body(try await LockHistory.operation.perform(request(stage), stage.services))
        #expect(last["events"]?.items?.last?["version"] == 50_000)
        // The state was of another shape: it was made from all events, and the next event follows them.
        try await stage.tell("7", [.ownerSet("ann")], of: Lock.self)
        #expect(try await stage.state("7", of: Lock.self).owner == "ann")
        #expect(try await Verifier(schema: "access", aggregates: access.aggregates, database: database).firstFault() == nil)
    }

    @Test(.everyDatabase) func `of a hundred thousand temporary keys the newest are listed`() async throws {
        let database = TestDatabase.current
        let stage = try await AccessStage(database)
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        let definition = TempKey.Definition(
            id: TempKeyTests.id, isShared: true, doors: [TempKeyTests.door(1, 7)], users: nil, from: Timestamp(milliseconds: 1),
            until: Timestamp(milliseconds: 2_000_000),
            maxUses: nil, description: nil, sealedPin: nil, createdBy: "acme", createdAt: stage.clock)
        try await stage.tell(TempKeyTests.id.text, [.created(definition)], of: TempKey.self)
        let uuid = "'00000000-0000-4000-8000-' || substr('000000000000' || CAST(i AS TEXT), length(CAST(i AS TEXT)) + 1)"
        _ = try await database.transact([
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            INSERT INTO access.temp_keys (uuid, is_shared, created_by, created_at) SELECT \(trusted: uuid), TRUE, 'acme', i FROM n
            """,
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            INSERT INTO access.temp_key_doors (lock_id, uuid, created_at) SELECT 7, \(trusted: uuid), i FROM n
            """,
        ])
        for query in [[:], ["lockId": "7"]] {
            let listed =
                try body(try await SharedKeys.operation.perform(request(stage, query: query), stage.services))["tempKeys"]?.items ?? []
            #expect(listed.first?["uuid"]?.text == TempKeyTests.id.text, "\(query)")
            #expect(listed.count <= 1_000)
        }
        // One more is made and found as if it were alone.
        #expect(try await stage.state(TempKeyTests.id.text, of: TempKey.self).until == definition.until)
    }
}
