import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// A stored command that this build cannot read fails alone.
@Suite struct UnreadableCommandTests {
    private func with(_ dialect: Dialect, _ body: (ThingStage) async throws -> Void) async throws {
        try await TestDatabase.with(dialect) { database in
            let stage = try await ThingStage(database)
            _ = try await stage.runner.send(ThingRightsTests.unlock("a"), stage.context)
            _ = try await stage.runner.send(ThingRightsTests.unlock("b", "s"), stage.context)
            _ = try await database.transact(["UPDATE devices.commands SET premise = 'no JSON' WHERE action_id = 'a'"])
            try await body(stage)
        }
    }

    @Test(arguments: TestDatabase.dialects) func `its neighbour is answered`(dialect: Dialect) async throws {
        try await with(dialect) { stage in
            try await stage.answer("b")
            #expect(try await stage.finished().map(\.action) == ["b"])
        }
    }

    @Test(arguments: TestDatabase.dialects) func `its neighbour is withdrawn with its right, and expires`(dialect: Dialect) async throws {
        try await with(dialect) { stage in
            stage.end("s")
            try await stage.runner.lookAgain(at: "lock:7", ThingStage.trace)
            #expect(try await stage.finished().map(\.action) == ["b"])
        }
        try await with(dialect) { stage in
            stage.pass(.seconds(31))
            try await stage.runner.expire("t")
            #expect(try await stage.finished().map(\.action) == ["b"])
        }
    }

    @Test(arguments: TestDatabase.dialects) func `it is shown to nobody, and other things are offered what waits`(dialect: Dialect)
        async throws
    {
        try await with(dialect) { stage in
            try await stage.unlock("c", "u", expecting: .accepted)
            try await stage.answer("b")
            let before = stage.count
            _ = try await stage.database.transact(["UPDATE devices.shadows SET body = '{}' WHERE thing = 't'"])
            try await stage.runner.offerUnanswered()
            #expect(stage.everything.dropFirst(before).compactMap(InterleavingTests.shown) == ["c"])
        }
    }

    @Test func `the error names the column and not what stands there`() {
        let error = RowDecodingError(column: "premise", value: .text("secret"))
        #expect("\(error)" == "column premise cannot be read: it is a text of 6 bytes")
    }
}
