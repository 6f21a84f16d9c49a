@testable import Database
import Kernel
import KernelTesting
import Testing

/// What both drivers must do alike.
@Suite struct DatabaseTests {
    static func prepare(_ database: any Database) async throws {
        try await Migrator(database).migrate(
            schema: "alpha",
            [
                Migration(
                    "001",
                    [
                        """
                        CREATE TABLE alpha.things (id TEXT PRIMARY KEY, number BIGINT, part DOUBLE PRECISION, flag BOOLEAN, \
                        raw {bytes}, data TEXT, CONSTRAINT small CHECK (number < 1000))
                        """,
                        "CREATE TABLE alpha.counted (id {identity}, name TEXT UNIQUE)",
                    ])
            ])
    }

    @Test(.everyDatabase) func `values come back as they were`() async throws {
        let database = TestDatabase.current
        try await Self.prepare(database)
        let json: JSON = ["a": [1, .double(2.5), .null, "\"quotes\" and \\ and ' and é"]]
        _ = try await database.transact([
            "INSERT INTO alpha.things (id, number, part, flag, raw, data) VALUES (\("é'\"\\"), \(-5), \(0.25), \(true), \([0, 255, 10] as [UInt8]), \(json))",
            "INSERT INTO alpha.things (id) VALUES (\("empty"))",
        ])
        let rows = try await database.read("SELECT * FROM alpha.things ORDER BY number NULLS LAST")
        #expect(try rows[0].read("id", as: String.self) == "é'\"\\" && rows[0].read("number", as: Int.self) == -5)
        #expect(try rows[0].read("flag", as: Bool.self) && rows[0].read("part", as: Double.self) == 0.25)
        #expect(try rows[0].read("raw", as: [UInt8].self) == [0, 255, 10] && rows[0].read("data", as: JSON.self) == json)
        #expect(try rows[1].find("number", as: Int.self) == nil && rows[1].find("raw", as: [UInt8].self) == nil)
        #expect(throws: RowDecodingError(column: "number", value: .null)) { try rows[1].read("number", as: Int.self) }
        #expect(throws: RowDecodingError(column: "nonsense", value: nil)) { try rows[0].find("nonsense", as: Int.self) }
        #expect(throws: RowDecodingError(column: "number", value: .int(-5))) { try rows[0].find("number", as: String.self) }
    }

    @Test(.everyDatabase) func `big integers are exact`() async throws {
        let row = try #require(
            try await TestDatabase.current.read("SELECT CAST(\(Int64.max) AS BIGINT) AS high, CAST(\(Int64.min) AS BIGINT) AS low").first)
        #expect(try row.find("high", as: Int64.self) == .max && row.find("low", as: Int64.self) == .min)
    }

    @Test(.everyDatabase) func `a transaction happens wholly or not at all`() async throws {
        let database = TestDatabase.current
        try await Self.prepare(database)
        _ = try await database.transact(["INSERT INTO alpha.things (id) VALUES ('a')"])
        await #expect(throws: DatabaseError.self) {
            try await database.transact(["INSERT INTO alpha.things (id) VALUES ('b')", "INSERT INTO alpha.things (id) VALUES ('a')"])
        }
        await #expect(throws: DatabaseError.unaffected(statement: "DELETE FROM alpha.things WHERE id = 'z'")) {
            let missing: SQL = "DELETE FROM alpha.things WHERE id = 'z'"
            _ = try await database.transact(["INSERT INTO alpha.things (id) VALUES ('c')", missing.required])
        }
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await database.transaction { transaction in
                _ = try await transaction.execute("INSERT INTO alpha.things (id) VALUES ('d')")
                throw Stop()
            }
        }
        #expect(try await database.read("SELECT id FROM alpha.things").map { try $0.read("id", as: String.self) } == ["a"])
    }

    @Test(.everyDatabase) func `violations say what was violated`() async throws {
        let database = TestDatabase.current
        try await Self.prepare(database)
        _ = try await database.transact(["INSERT INTO alpha.counted (name) VALUES ('a')"])
        do {
            _ = try await database.transact(["INSERT INTO alpha.counted (name) VALUES ('a')"])
            Issue.record("a duplicate was taken")
        } catch DatabaseError.unique(let constraint) {
            #expect(constraint.contains("counted") && constraint.contains("name"))
        }
        do {
            _ = try await database.transact(["INSERT INTO alpha.things (id, number) VALUES ('x', 5000)"])
            Issue.record("a value out of bounds was taken")
        } catch DatabaseError.check(let name) {
            #expect(name.contains("small"))
        }
        await #expect(throws: DatabaseError.self) { try await database.read("SELECT nonsense") }
        #expect(try await database.read("SELECT 1 AS one").first?.find("one", as: Int64.self) == 1)
    }

    @Test(.everyDatabase(connections: 4)) func `many writers at once lose nothing`() async throws {
        let database = TestDatabase.current
        try await Self.prepare(database)
        try await withThrowingTaskGroup { group in
            for writer in 0..<16 {
                group.addTask {
                    for number in 0..<20 {
                        _ = try await database.transact(["INSERT INTO alpha.counted (name) VALUES (\("\(writer)-\(number)"))"])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await database.read("SELECT COUNT(*) AS n FROM alpha.counted").first?.find("n", as: Int64.self) == 320)
    }

    @Test(.everyDatabase(connections: 1)) func `a cancelled waiter leaves the pool as it was`() async throws {
        let database = TestDatabase.current
        try await Self.prepare(database)
        let waiting = (0..<20).map { number in
            Task { try await database.transact(["INSERT INTO alpha.counted (name) VALUES (\("n\(number)"))"]) }
        }
        for task in waiting { task.cancel() }
        for task in waiting { _ = try? await task.value }
        _ = try await database.transact(["INSERT INTO alpha.counted (name) VALUES ('after')"])
        #expect(
            try await database.read("SELECT COUNT(*) AS n FROM alpha.counted WHERE name = 'after'").first?.find("n", as: Int64.self)
                == 1)
    }

    @Test(.everyDatabase) func `migrations run once, from several sides at once`() async throws {
        let database = TestDatabase.current
        let steps = [
            Migration("001", ["CREATE TABLE beta.one (id {identity}, name TEXT)"]),
            Migration("002", ["INSERT INTO beta.one (name) VALUES ('x')"]),
        ]
        #expect(try await Migrator(database).missing(schema: "beta", steps) == ["001", "002"])
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 { group.addTask { try await Migrator(database).migrate(schema: "beta", steps) } }
            try await group.waitForAll()
        }
        #expect(try await database.read("SELECT COUNT(*) AS n FROM beta.one").first?.find("n", as: Int64.self) == 1)
        #expect(try await Migrator(database).missing(schema: "beta", steps).isEmpty)
    }
}

/// What only a server can do to a driver.
@Suite(.enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server")) struct PostgresTests {
    @Test(.postgres(connections: 2)) func `a killed backend is replaced, and only its own statement fails`() async throws {
        let database = TestDatabase.current, address = TestDatabase.address
        let other = PostgresDatabase(PostgresSettings(conninfo: address), connections: 1)
        let own = try #require(try await database.read("SELECT pg_backend_pid() AS pid").first?.find("pid", as: Int64.self))
        _ = try await other.read("SELECT pg_terminate_backend(CAST(\(own) AS INT))")
        #expect(try await database.read("SELECT 1 AS one").first?.find("one", as: Int64.self) == 1)
        await other.close()
    }

    @Test(.postgres(connections: 1)) func `a commit whose connection dies is of unknown outcome`() async throws {
        let database = TestDatabase.current, address = TestDatabase.address
        let other = PostgresDatabase(PostgresSettings(conninfo: address), connections: 1)
        let pid = try #require(try await database.read("SELECT pg_backend_pid() AS pid").first?.find("pid", as: Int64.self))
        async let killed: Void = {
            _ = try await eventually {
                try await other.read(
                    "SELECT 1 AS x FROM pg_stat_activity WHERE pid = \(pid) AND query LIKE '%pg_sleep%' AND state = 'active'"
                ).count == 1
            }
            _ = try await other.read("SELECT pg_terminate_backend(CAST(\(pid) AS INT))")
        }()
        do {
            _ = try await database.transact(["SELECT pg_sleep(20)"])
            Issue.record("the statement survived its connection")
        } catch let error as DatabaseError {
            #expect(error.isPassing)
        }
        try await killed
        #expect(try await database.read("SELECT 1 AS one").count == 1)
        await other.close()
    }

    @Test func `a server that is down is reported in bounded time`() async throws {
        let database = PostgresDatabase(PostgresSettings(conninfo: "postgres://nobody@127.0.0.1:9/none"), connections: 1)
        let started = ContinuousClock.now
        do {
            _ = try await database.read("SELECT 1 AS one")
            Issue.record("there is a server on port 9")
        } catch DatabaseError.unreachable {}
        #expect(started.duration(to: .now) < .seconds(6))
    }

    @Test(.postgres(connections: 1)) func `a statement that takes too long is ended by its deadline`() async throws {
        let address = TestDatabase.address
        let hasty = PostgresDatabase(PostgresSettings(conninfo: address, timeout: .seconds(2)), connections: 1)
        await #expect(throws: DatabaseError.timedOut) { try await hasty.read("SELECT pg_sleep(20)") }
        let rows = try await hasty.read("SELECT 1 AS one")
        #expect(rows.count == 1)
        await hasty.close()
    }

    @Test(.postgres(connections: 1)) func `many different statements do not pile up on the server`() async throws {
        let database = TestDatabase.current
        for number in 0..<900 { _ = try await database.read(SQL(text: "SELECT \(number) AS n", values: [])) }
        let kept = try #require(
            try await database.read("SELECT COUNT(*) AS n FROM pg_prepared_statements").first?.find("n", as: Int64.self))
        #expect(kept <= 420)
    }

    @Test(.postgres(connections: 1)) func `a migration under a running process costs no request`() async throws {
        let database = TestDatabase.current, address = TestDatabase.address
        let other = PostgresDatabase(PostgresSettings(conninfo: address), connections: 1)
        _ = try await database.transact(["CREATE TABLE changing (a BIGINT)", "INSERT INTO changing VALUES (1)"])
        let look = "SELECT * FROM changing" as SQL, write = "UPDATE changing SET a = a + 1 RETURNING *" as SQL
        #expect(try await database.read(look).count == 1)
        _ = try await database.transact([write])
        _ = try await other.transact(["ALTER TABLE changing ADD COLUMN b TEXT"])
        #expect(try await database.transact([write])[0].rows.first?.find("a", as: Int64.self) == 3)
        _ = try await other.transact(["ALTER TABLE changing ADD COLUMN c TEXT"])
        #expect(try await database.read(look).first?.find("a", as: Int64.self) == 3)
        await other.close()
    }

    @Test func `SQLite's extended codes are read by their kind`() {
        func kind(_ code: Int32) -> DatabaseError { DatabaseError(sqlite: code, "m") }
        // BUSY, BUSY_RECOVERY, BUSY_SNAPSHOT, LOCKED_SHAREDCACHE, PROTOCOL
        for code in [5, 261, 517, 262, 15] as [Int32] { #expect(kind(code) == .contention("m"), "\(code)") }
        // IOERR, IOERR_READ, IOERR_WRITE, IOERR_FSYNC, IOERR_SHMMAP, FULL, CANTOPEN_ISDIR, READONLY_DBMOVED, NOMEM
        for code in [10, 266, 778, 1034, 5386, 13, 526, 1032, 7] as [Int32] {
            #expect(kind(code) == .unreachable("m") && kind(code).isPassing, "\(code)")
        }
        // CORRUPT, CORRUPT_VTAB, NOTADB, CONSTRAINT_NOTNULL
        for code in [11, 267, 26, 1299] as [Int32] { #expect(!kind(code).isPassing, "\(code)") }
        #expect(DatabaseError(sqlite: 2067, "UNIQUE constraint failed: t.a") == .unique(constraint: "t.a"))
    }
}
