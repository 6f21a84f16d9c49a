import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// What is secret in a command is kept as long as the command needs it.
@Suite struct SecretsTests {
    @Test(.everyDatabase) func `a command that has ended keeps no secrets`() async throws {
        let stage = try await ThingStage(TestDatabase.current)
        let pin: JSON = ["credentialData": "MTM1Nzkw", "userIndex": 1]
        let set = DeviceCommand.matter(
            MatterCommand(endpoint: 1, cluster: 257, name: "SetCredential", payload: pin, timedRequest: 1_000))
        let send = SendCommand(action: "pin", thing: "t", org: "acme", command: set, lifetime: nil)
        #expect(try await stage.runner.send(send, stage.context).outcome == .accepted)
        func arguments() async throws -> String {
            try await stage.database.read("SELECT args FROM devices.commands").first?.find("args", as: JSON.self)?.encoded ?? ""
        }
        #expect(try await arguments().contains("MTM1Nzkw"))
        // The device reads it, and reports while it is shown; the log of messages has it nowhere.
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
        let report: JSON = ["state": ["reported": ["available": true]]]
        try await stage.runner.receive(.shadow("t", shadow: "command", verb: .update, payload: report.bytes))
        let log = try await stage.database.read("SELECT payload, desired FROM devices.messages").map {
            (try $0.find("payload", as: String.self) ?? "") + (try $0.find("desired", as: String.self) ?? "")
        }
        #expect(log.count == 2 && !log.joined().contains("MTM1Nzkw") && log.joined().contains("SetCredential"))
        try await stage.answer("pin")
        let left = try await arguments()
        #expect(!left.contains("MTM1Nzkw") && left.contains("SetCredential"))
    }

    @Test func `only what is secret is left out`() {
        let set = MatterCommand(endpoint: 1, cluster: 257, name: "SetUser", payload: ["userIndex": 1], timedRequest: nil)
        #expect(DeviceCommand.matter(set).withoutSecrets == nil)
        #expect(DeviceCommand.unlock(reason: "r", request: nil).withoutSecrets == nil)
        let wifi = DeviceCommand.hub(name: "set_wifi_credentials", arguments: ["credentials": "pw"])
        #expect(wifi.withoutSecrets == .hub(name: "set_wifi_credentials", arguments: [:]))
    }
}
