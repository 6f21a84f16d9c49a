import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// Opens of a lock that a Matter device stands for: two commands, one end.
@Suite struct DoorPartsTests {
    func prepare(on thing: ThingName = "t") async throws -> ThingStage {
        let database = TestDatabase.current
        let stage = try await ThingStage(database)
        _ = try await database.transact(["INSERT INTO devices.matter_devices (device_id, thing, hub_id) VALUES ('t', \(thing), 'h')"])
        return stage
    }

    @Test(.everyDatabase) func `both commands go out with one expiry, and the first success is the open's`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        let sent = stage.published("update/delta").compactMap { $0["state"] }, part = stage.runner.doorPart(of: "a").text
        #expect(sent.map { $0["command"]?.text } == ["unlock", "device_command"])
        #expect(sent.map { $0["message_id"]?.text } == ["a", part])
        #expect(sent[0]["expires_at"] == sent[1]["expires_at"] && sent[0]["expires_at"] != nil)
        #expect(sent[1]["args"]?["cluster_id"] == 257 && sent[1]["args"]?["command_name"] == "UnlockDoor")
        try await stage.answer(part)
        #expect(try await stage.finished().map { [$0.action.text, $0.outcome.rawValue] } == [["a", "succeeded"]])
        try await stage.runner.offerUnanswered()
        #expect(stage.offers.count == 2, "a door that is open is not opened again")
        try await stage.answer("a")
        #expect(try await stage.finished().count == 1)
    }

    @Test(.everyDatabase) func `an open has failed when both commands have`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.answer("a", "error")
        #expect(try await stage.finished().isEmpty)
        try await stage.answer(stage.runner.doorPart(of: "a").text, "error")
        #expect(try await stage.finished().map { [$0.action.text, $0.outcome.rawValue] } == [["a", "failed"]])
    }

    @Test(.everyDatabase) func `a success after the other's failure is the open's`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.answer("a", "error")
        try await stage.answer(stage.runner.doorPart(of: "a").text)
        #expect(try await stage.finished().map(\.outcome) == [.succeeded])
    }

    @Test(.everyDatabase) func `both expire and it is told once, and a late success once more`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        stage.pass(.seconds(31))
        try await stage.runner.expire("t")
        #expect(try await stage.finished().map(\.outcome) == [.expired])
        for message in ["a", stage.runner.doorPart(of: "a").text] { try await stage.answer(message) }
        #expect(try await stage.finished().map(\.outcome) == [.expired, .succeeded])
        #expect(try await stage.finished().last?.isLate == true)
    }

    @Test(.everyDatabase) func `a repeat of the ask sends neither again once they are delivered`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 2)
    }

    @Test(.everyDatabase) func `a withdrawal takes both back`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        _ = try await stage.runner.withdraw(WithdrawCommand(action: "a", thing: "t"), Trace(correlation: "", causation: nil))
        #expect(
            try await stage.database.read("SELECT stage FROM devices.commands").map { try $0.read("stage", as: String.self) } == [
                "withdrawn", "withdrawn",
            ])
        #expect(try await stage.finished().map(\.outcome) == [.withdrawn])
        try await stage.runner.offerUnanswered()
        #expect(stage.offers.count == 2)
    }

    @Test(.everyDatabase) func `a device with a thing of its own is told there, and taken back there`() async throws {
        let stage = try await prepare(on: "bridge")
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.map(\.thing) == ["t", "bridge"])
        try await stage.answer("a")
        #expect(try await stage.finished().map(\.outcome) == [.succeeded])
        let part = try await stage.database.read("SELECT stage FROM devices.commands WHERE thing = 'bridge'").first?.find(
            "stage", as: String.self)
        #expect(part == "withdrawn")
    }

    @Test(.everyDatabase) func `an open that has ended gets no second command`() async throws {
        let stage = try await prepare()
        try await stage.unlock("a", expecting: .accepted)
        try await stage.answer("a")
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.count == 2)
    }

    static let stages: [PendingCommand.Stage] = [.accepted, .delivered, .succeeded, .failed, .expired, .withdrawn]

    @Test func `one of two ends the open by succeeding first, or by failing last`() {
        func other(_ stage: PendingCommand.Stage, wasLate: Bool = false) -> PendingCommand {
            PendingCommand(
                action: "p", thing: "t", shadow: "command", command: .matter(PendingCommand.unlockDoor), expiresAt: nil, context: .null,
                org: nil,
                createdAt: Timestamp(milliseconds: 0), stage: stage, wasLate: wasLate, partOf: "a")
        }
        for stage in Self.stages {
            #expect(PendingCommand.endsAction(.succeeded, beside: other(stage)) == (stage != .succeeded))
            for outcome in [CommandFinished.Outcome.failed, .expired, .withdrawn] {
                #expect(
                    PendingCommand.endsAction(outcome, beside: other(stage)) == [.failed, .expired, .withdrawn].contains(stage),
                    "\(outcome) \(stage)")
            }
        }
        #expect(!PendingCommand.endsAction(.succeeded, beside: other(.expired, wasLate: true)))
        #expect(PendingCommand.endsAction(.succeeded, beside: other(.failed, wasLate: true)))
        #expect(PendingCommand.endsAction(.failed, beside: nil))
    }

    @Test(.everyDatabase, arguments: ["other", nil] as [OrgID?])
    func `another tenant's device stands for no lock`(device: OrgID?) async throws {
        let stage = try await prepare(on: "bridge")
        _ = try await stage.database.transact([
            "UPDATE devices.things SET org_id = \(optional: device), hub_id = 'h' WHERE name = 'bridge'"
        ])
        try await stage.unlock("a", expecting: .accepted)
        #expect(stage.offers.map(\.thing) == ["t"])
    }

    @Test(.everyDatabase) func `claiming a hub takes no thing of somebody else`() async throws {
        let stage = try await prepare()
        func want(_ thing: ThingName, _ org: OrgID) async throws -> WantState.Reply.Outcome {
            try await stage.runner.want(WantState(thing: thing, shadow: "hub_state", desired: ["claim": "x"], org: org)).outcome
        }
        _ = try await stage.database.transact(["INSERT INTO devices.things (name, org_id) VALUES ('person', NULL)"])
        #expect(try await want("t", "other") == .foreign)
        #expect(try await want("person", "other") == .foreign)
        #expect(try await want("t", "acme") == .accepted)
        #expect(try await want("hub", "other") == .accepted)
        #expect(stage.offers.map(\.thing) == ["t", "hub"])
    }

    @Test(.everyDatabase) func `the end of the other command is stored with the success, whatever the link does then`() async throws {
        let stage = try await prepare(on: "bridge")
        try await stage.unlock("a", expecting: .accepted)
        stage.set(isUp: false)  // goes dark between the commit of the answer and its publication
        try await stage.answer("a")
        stage.set(isUp: true)
        let part = try await stage.database.read("SELECT stage FROM devices.commands WHERE thing = 'bridge'").first?.find(
            "stage", as: String.self)
        #expect(part == "withdrawn")
        try await stage.runner.receive(.presence("bridge", HubLink.SignOfLife(isOnline: true)))
        try await stage.runner.receive(.shadow("bridge", shadow: "command", verb: .get, payload: []))
        try await stage.runner.offerUnanswered()
        #expect(stage.offers.count == 2, "a door that is open is not opened again")
        #expect(stage.published("get/accepted").allSatisfy { $0["state"]?["desired"] == nil })
    }
}
