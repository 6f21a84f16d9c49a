import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// A stored command that this build cannot read fails alone.
@Suite struct UnreadableCommandTests {
    private func prepare() async throws -> ThingStage {
        let database = TestDatabase.current
        let stage = try await ThingStage(database)
        _ = try await stage.runner.send(ThingRightsTests.unlock("a"), stage.context)
        _ = try await stage.runner.send(ThingRightsTests.unlock("b", "s"), stage.context)
        _ = try await database.transact(["UPDATE devices.commands SET premise = 'no JSON' WHERE action_id = 'a'"])
        return stage
    }

    @Test(.everyDatabase) func `its neighbour is answered`() async throws {
        let stage = try await prepare()
        try await stage.answer("b")
        #expect(try await stage.finished().map(\.action) == ["b"])
    }

    @Test(.everyDatabase) func `its neighbour is withdrawn with its right`() async throws {
        let stage = try await prepare()
        stage.end("s")
        try await stage.runner.lookAgain(at: "lock:7", ThingStage.trace)
        #expect(try await stage.finished().map(\.action) == ["b"])
    }

    @Test(.everyDatabase) func `its neighbour expires`() async throws {
        let stage = try await prepare()
        stage.pass(.seconds(31))
        try await stage.runner.expire("t")
        #expect(try await stage.finished().map(\.action) == ["b"])
    }

    @Test(.everyDatabase) func `it is shown to nobody, and other things are offered what waits`() async throws {
        let stage = try await prepare()
        try await stage.unlock("c", "u", expecting: .accepted)
        try await stage.answer("b")
        let before = stage.count
        _ = try await stage.database.transact(["UPDATE devices.shadows SET body = '{}' WHERE thing = 't'"])
        try await stage.runner.offerUnanswered()
        #expect(stage.everything.dropFirst(before).compactMap(InterleavingTests.shown) == ["c"])
    }

    @Test func `the error names the column and not what stands there`() {
        let error = RowDecodingError(column: "premise", value: .text("secret"))
        #expect("\(error)" == "column premise cannot be read: it is a text of 6 bytes")
    }
}
