import Foundation
import Kernel
import KernelTesting
import Testing

/// Runs whose process dies before and after every step.
@Suite(.serialized) struct WorkflowCrashTests {
    static let steps = ["key 1 of 3", "pause before key 2", "key 2 of 3", "pause before key 3", "key 3 of 3"]

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `keys in bulk are added once, whenever the process dies`(layout: Layout)
        async throws
    {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock().number
            let keys = JSON.array(["a", "b", "c"].map { ["keyUuid": $0] })
            // The run begins under the first crash point; each restart is armed with the next.
            let points = Self.steps.flatMap { ["step-before@\($0)", "step-after@\($0)"] }
            try await installation.killAndRestart(["SPKEY_CRASH_AT": points[0]])
            let begun = try await partner.call("POST", "/locks/\(lock)/BulkAddKeys", ["keys": keys])
            #expect(begun.status == 200)
            let run = begun.body["instanceId"]?.text ?? ""
            for point in points.dropFirst() + ["none@none"] {
                try await installation.server.wait()
                let isLast = point == "none@none"
                try await installation.killAndRestart(isLast ? [:] : ["SPKEY_CRASH_AT": point], isAwaited: isLast)
            }
            let isDone = try await eventually(within: .seconds(20)) {
                try await partner.asStaff("GET", "/admin/workflows/\(run)").body["status"] == "complete"
            }
            #expect(isDone)
            #expect(try await partner.history(lock).compactMap { $0["event"]?["keyUuid"]?.text } == ["a", "b", "c"])
            let messages =
                try await partner.call("GET", "/locks/\(lock)/debug/messages?limit=200").body["messages"]?["command"]?.items ?? []
            #expect(Set(messages.compactMap { $0["payload"]?["message_id"]?.text }).count == 3)
            let progress = try await partner.asStaff("GET", "/admin/workflows/\(run)").body["progress"]?.items ?? []
            #expect(progress.compactMap { $0["message"]?.text } == Self.steps)
        }
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `a key with a time comes once and leaves once, whenever the process dies`(
        layout: Layout
    ) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number
            let points = ["intend 1", "send 1", "intend 2", "send 2"].flatMap { ["step-before@\($0)", "step-after@\($0)"] }
            try await installation.killAndRestart(["SPKEY_CRASH_AT": points[0]])
            let body: JSON = ["keyUuid": "k", "validUntil": (Installation.now + .seconds(20)).json]
            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", body).status == 200)
            for point in points.dropFirst() + ["none@none"] {
                try await installation.server.wait()
                let isLast = point == "none@none"
                try await installation.killAndRestart(isLast ? [:] : ["SPKEY_CRASH_AT": point], isAwaited: isLast)
            }
            // A device link that is not up yet is asked again after fifteen seconds.
            let isDone = try await eventually(within: .seconds(60)) {
                let moves = try await partner.asStaff("GET", "/admin/aggregates/key-grant/\(lock)%2Fk/events").body.encoded
                return moves.components(separatedBy: "KeyMoveSent").count == 3
            }
            #expect(isDone)
            #expect(try await partner.commands(lock) == ["add_key", "remove_key"])
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test func `keys in bulk end with the right of whoever began them`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation), other = try await Partner(installation), lock = try await partner.lock().number
            let keys = JSON.array((0..<30).map { ["keyUuid": .string("k\($0)")] })
            let begun = try await partner.call("POST", "/locks/\(lock)/BulkAddKeys", ["keys": keys])
            let run = try #require(begun.body["instanceId"]?.text)
            let hasBegun = try await eventually { try await partner.history(lock).count > 1 }
            #expect(hasBegun)
            #expect(try await partner.call("POST", "/locks/\(lock)/SetOrganization", ["orgId": .string(other.org)]).status == 200)
            let hasEnded = try await eventually { try await partner.asStaff("GET", "/admin/workflows/\(run)").body["status"] == "errored" }
            #expect(hasEnded)
            let types = try await other.history(lock).compactMap { $0["type"]?.text }
            let handOver = try #require(types.firstIndex(of: "OrganizationSet"))
            #expect(!types[handOver...].contains("KeyAdded"), "\(types)")
        }
    }
}
