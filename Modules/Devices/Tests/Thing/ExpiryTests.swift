import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct ExpiryTests {
    @Test(.everyDatabase) func `five hundred things that cannot be ended keep no other from expiring`() async throws {
        let database = TestDatabase.current
        let stage = try await ThingStage(database), runner = stage.runner
        func command(_ number: Int, _ thing: ThingName) -> PendingCommand {
            PendingCommand(
                action: ActionID("a\(number)"), thing: thing, shadow: "command", command: .unlock(reason: nil, request: nil),
                expiresAt: stage.now + .seconds(30), context: .null,
                org: "acme", createdAt: stage.now, stage: .accepted)
        }
        // Nobody can read their shadows.
        var rows: [SQL] = []
        for number in 0..<520 {
            let thing = ThingName("a broken thing \(number)")
            rows.append(try command(number, thing).insert(deadline: stage.context.deadline))
            rows.append("INSERT INTO devices.shadows (thing, shadow, body, revision) VALUES (\(thing), 'command', '{}', 1)")
        }
        _ = try await database.transact(rows + [try command(-1, "the last").insert(deadline: stage.context.deadline)])
        stage.pass(.seconds(31))
        try await DeviceWorker(runner: runner, access: nil).expireAll()
        #expect(try await stage.finished().map(\.thing) == ["the last"])
    }

    @Test(.everyDatabase) func `nobody is shown what was to be done before, in whatever message`() async throws {
        let stage = try await ThingStage(TestDatabase.current)
        try await stage.unlock("over", expecting: .accepted)
        stage.pass(.seconds(31))
        let before = stage.count
        try await stage.unlock("next", expecting: .accepted)
        try await stage.answer("next")
        let later = stage.everything.dropFirst(before).map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(later.contains { $0.contains("next") })
        #expect(!later.contains { $0.contains("over") })
    }
}
