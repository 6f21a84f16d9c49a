import Foundation
import Kernel
import KernelTesting
import Testing

/// Devices that say no to a key: the list and the device come into step again.
@Suite struct RefusingDeviceTests {
    /// Answers the next command of a name that the device hears with a status.
    private func answer(_ device: Device, _ command: String, _ status: String, after seen: Int) async throws {
        var offered: JSON?
        let isOffered = try await eventually(within: .seconds(30)) {
            offered = device.all("update/delta").compactMap { $0["state"] }.filter { $0["command"]?.text == command }.dropFirst(seen).first
            return offered != nil
        }
        #expect(isOffered, "\(command) was not offered for the \(seen + 1). time")
        let answer: JSON = [
            "message_id": offered?["message_id"], "command": .string(command), "status": .string(status),
            "error": status == "ok" ? nil : "jammed",
        ]
        try await device.say("update", ["state": ["reported": ["lastCommand": answer]]])
    }

    private func keys(_ partner: Partner, _ lock: Int, _ list: String) async throws -> [String] {
        try await partner.call("GET", "/locks/\(lock)/details").body[list]?.items?.compactMap { $0["uuid"]?.text } ?? []
    }

    @Test func `a key that the device refuses leaves the list, and one that it does not let go of is removed until it is`() async throws {
        try await DeviceTests.with { installation, broker, partner in
            let lock = try await partner.lock(), device = try await Device(broker, lock.uuid)
            defer { device.close() }
            #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "refused"]).status == 200)
            try await answer(device, "add_key", "error", after: 0)
            let isOff = try await eventually { try await keys(partner, lock.number, "keys").isEmpty }
            #expect(isOff)

            #expect(try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "kept"]).status == 200)
            try await answer(device, "add_key", "ok", after: 1)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/RemoveKey", ["keyUuid": "kept"]).status == 200)
            try await answer(device, "remove_key", "error", after: 0)
            let isShown = try await eventually { try await keys(partner, lock.number, "keysNotRemovedYet") == ["kept"] }
            #expect(isShown)
            // A process that dies forgets nothing of it.
            try await installation.killAndRestart()
            try await answer(device, "remove_key", "ok", after: 1)
            let isDone = try await eventually { try await keys(partner, lock.number, "keysNotRemovedYet").isEmpty }
            #expect(isDone)
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }
}
