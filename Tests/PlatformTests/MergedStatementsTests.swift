import Database
import Kernel
import KernelTesting
import Testing

@testable import EventStore

/// Statements over arrays have the effect of the single ones.
@Suite struct MergedStatementsTests {
    private func put(_ id: String, _ note: String?, _ count: Int64, _ flag: Bool = true) -> SQL {
        let row: SQL = """
            INSERT INTO alpha.things AS known (id, note, count, flag) VALUES (\(id), \(optional: note), \(count) + (1 - 1), \(flag))
            ON CONFLICT (id) DO UPDATE SET count = known.count + EXCLUDED.count
            """
        return row.mergeable(by: id)
    }
    private func note(_ id: String, _ text: String?) -> SQL {
        ("INSERT INTO alpha.notes (id, text) VALUES (\(id), \(optional: text))" as SQL).mergeable(by: id)
    }
    private func rename(_ id: String, _ note: String?) -> SQL { "UPDATE alpha.things SET note = \(optional: note) WHERE id = \(id)" }

    @Test func `statements of one text become one, whatever stands between them in other commits`() {
        let merged = MergedStatements.merge([
            [put("a", "x", 1), note("a", "y")], [put("b", "z", 2), note("b", "w")], ["SELECT 1"], [put("c", nil, 3)],
        ])
        #expect(
            merged.map(\.text) == [
                """
                INSERT INTO alpha.things AS known (id, note, count, flag) SELECT r.c1, r.c2, r.c3 + (1 - 1), r.c4 FROM \
                unnest(CAST($1 AS TEXT[]), CAST($2 AS TEXT[]), CAST($3 AS BIGINT[]), CAST($4 AS BOOLEAN[])) AS r(c1, c2, c3, c4)
                ON CONFLICT (id) DO UPDATE SET count = known.count + EXCLUDED.count
                """,
                """
                INSERT INTO alpha.notes (id, text) SELECT r.c1, r.c2 FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS TEXT[])) AS r(c1, c2)
                """, "SELECT 1", put("c", nil, 3).text,
            ])
        #expect(merged[0].values == [.texts(["a", "b"]), .texts(["x", "z"]), .ints([1, 2]), .texts(["t", "t"])])
    }

    @Test func `what is written twice, and what must come later, is not merged`() {
        let twice = MergedStatements.merge([[note("a", "x")], [note("a", "y")], [note("b", "z")]])
        #expect(twice.map(\.values.count) == [2, 2] && twice[0].values[0] == .texts(["a", "b"]) && twice[1] == note("a", "y"))
        // In the second commit the note comes before the thing.
        let ordered = MergedStatements.merge([[put("a", "x", 1), note("z", "1")], [note("b", "2"), put("b", "y", 2)]])
        #expect(ordered.map { $0.text.contains("notes") } == [false, true, false])
        #expect(ordered[1].values[0] == .texts(["z", "b"]))
    }

    @Test func `updates stay as they are`() {
        let updates = [rename("a", "x"), rename("b", "y")]
        #expect(MergedStatements.merge(updates.map { [$0.mergeable(by: $0.values[1])] }).map(\.text) == updates.map(\.text))
    }

    @Test func `what has no form over arrays stays as it is`() {
        let statements: [SQL] = [
            "INSERT INTO t (a) VALUES (\("1")) ON CONFLICT (a) DO UPDATE SET a = \("2")", "INSERT INTO t (a) SELECT \("1")",
            "UPDATE t SET a = \("1")",
            "INSERT INTO t (a) VALUES (\([1, 2] as [UInt8]))",
        ]
        for statement in statements {
            let merged = MergedStatements.merge([[statement.mergeable(by: "1")], [statement.mergeable(by: "2")]])
            #expect(merged.count == 2 && merged.allSatisfy { $0.text == statement.text })
        }
    }

    @Test(.postgres, .enabled(if: TestDatabase.server != nil, "SPKEY_TEST_POSTGRES names no server")) func `both forms have one effect`()
        async throws
    {
        let database = TestDatabase.current
        try await Migrator(database).migrate(
            schema: "alpha",
            [
                Migration(
                    "things",
                    [
                        "CREATE TABLE alpha.things (id TEXT PRIMARY KEY, note TEXT, count BIGINT, flag BOOLEAN NOT NULL)",
                        "CREATE TABLE alpha.notes (id TEXT PRIMARY KEY, text TEXT)",
                    ])
            ])
        let commits = [
            [put("a", "it's {\"x\", \\}", 1), put("gone", nil, 7)], [put("b", nil, 2, false), rename("a", nil)], [put("a", "never", 4)],
            [put("c", "", -3), rename("b", "named")], [note("1", "one")], [put("d", nil, 5)], [note("2", nil)], [note("3", "three")],
        ]
        func rows() async throws -> [[SQLValue]] {
            try await database.read([
                "SELECT * FROM alpha.things ORDER BY id", "SELECT * FROM alpha.notes ORDER BY id",
            ]).flatMap { $0.rows.map(\.values) }
        }
        _ = try await database.transact(commits.flatMap(\.self))
        let single = try await rows()
        _ = try await database.transact(["DELETE FROM alpha.things", "DELETE FROM alpha.notes"])
        let merged = MergedStatements.merge(commits)
        #expect(merged.count < commits.flatMap(\.self).count)
        _ = try await database.transact(merged)
        #expect(try await rows() == single && single.count == 8)
    }
}
