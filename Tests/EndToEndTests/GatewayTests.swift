import Foundation
import Kernel
import KernelTesting
import Testing

/// What the gateway says when a process behind it is gone: the status is that of the body, and nothing is claimed that nobody knows.
@Suite(.serialized, .enabled(if: TestDatabase.server != nil)) struct GatewayTests {
    @Test(arguments: ["commit-before@access", "commit-after@access"]) func `an answer that was lost is unknown, in status and body`(
        point: String
    ) async throws {
        try await DeviceTests.with(.five) { installation, broker, partner in
            let lock = try await partner.lock(), door = try await Device(broker, lock.uuid, answers: true)
            defer { door.close() }
            let access = try installation.process(of: "access")
            try await access.end(SIGKILL)
            let gone = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", [:])
            // Nobody was there to take it.
            #expect(gone.status == 503 && gone.body["error"] == "Unavailable" && gone.headers["retry-after"] != nil, "\(gone)")
            #expect(door.opens.isEmpty)

            try await installation.startAgain("access", ["SPKEY_CRASH_AT": point])
            let key = [(name: "Idempotency-Key", value: "once")]
            let lost = try await partner.call("POST", "/locks/\(lock.number)/OpenLock", [:], headers: key)
            #expect(lost.status == 503 && lost.body["error"] == "OutcomeUnknown", "\(lost)")
            try await installation.startAgain("access", [:])
            let isAnswered = try await eventually(within: .seconds(90)) {
                try await partner.call("POST", "/locks/\(lock.number)/OpenLock", [:], headers: key).status == 200
            }
            #expect(isAnswered)
            let isOpen = try await eventually { door.opens.count == 1 }
            #expect(isOpen)
            #expect(try await partner.history(lock.number).compactMap { $0["type"]?.text } == ["LockCreated", "LockOpenRequested"])
        }
    }
}
