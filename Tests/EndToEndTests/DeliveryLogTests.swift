import Foundation
import Kernel
import KernelTesting
import Testing

/// What a partner's engineer sees of deliveries, and does about them, without asking anybody.
@Suite(.serialized) struct DeliveryLogTests {
    @Test(arguments: Layout.testable) func `deliveries are seen, and sent again under the same ids and in their order`(layout: Layout)
        async throws
    {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), other = try await Partner(installation)
            try await WebhookReceiver.with { sink in
                try await partner.subscribe(sink.url("all"))
                let webhook = try #require(try await partner.call("GET", "/webhooks").body["webhooks"]?.items?.first?["id"]?.text)
                // The receiver refuses at first: what it refuses is given up.
                sink.answer("all", with: 400)
                let lock = try await partner.lock().number
                for key in ["a", "b", "c"] {
                    #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)]).status == 200)
                }
                @Sendable func log(_ query: String) async throws -> [JSON] {
                    try await partner.call("GET", "/webhooks/\(webhook)/deliveries?\(query)").body["deliveries"]?.items ?? []
                }
                #expect(try await eventually { try await log("state=dead").count == 4 })
                let dead = try await log("state=dead&type=KeyAdded&aggregate=lock-\(lock)")
                #expect(dead.count == 3)
                let newest = try #require(dead.first?["id"]?.text)
                let one = try await partner.call("GET", "/deliveries/\(newest)")
                #expect(
                    one.body["payload"]?["id"] == one.body["eventId"] && one.body["attemptLog"]?.items?.first?["status"] == 400, "\(one)")
                // Page by page.
                let first = try await partner.call("GET", "/webhooks/\(webhook)/deliveries?limit=3")
                let cursor = try #require(first.body["nextCursor"]?.text)
                #expect(try await log("limit=3&cursor=\(cursor)").count == 1)

                sink.answer("all", with: 200)
                #expect(try await partner.call("POST", "/deliveries/\(newest)/resend").status == 200)
                #expect(try await eventually { try await log("state=delivered").map { $0["id"] } == [.string(newest)] })
                let before = sink.all("all").count
                let since = (Installation.now - .seconds(600)).json
                #expect(try await partner.call("POST", "/webhooks/\(webhook)/replay", ["since": since, "onlyFailed": true]).status == 200)
                #expect(try await eventually(within: .seconds(20)) { try await log("state=delivered").count == 4 })
                let replayed = sink.all("all").dropFirst(before)
                #expect(replayed.map(\.name) == ["LockCreated", "KeyAdded", "KeyAdded"])
                #expect(replayed.dropFirst().map { $0.data["keyUuid"] } == ["a", "b"])
                #expect(Set(replayed.map { $0.body["id"] }).isSubset(of: Set(sink.all("all").prefix(before).map { $0.body["id"] })))
                let areGenuine = replayed.allSatisfy { $0.isGenuine }
                #expect(areGenuine)

                // What is another tenant's does not exist.
                for (method, path, body) in [
                    ("GET", "/webhooks/\(webhook)/deliveries", nil), ("GET", "/deliveries/\(newest)", nil),
                    ("POST", "/deliveries/\(newest)/resend", [:]), ("POST", "/webhooks/\(webhook)/replay", ["since": since]),
                    ("DELETE", "/webhooks/\(webhook)", nil),
                ] as [(String, String, JSON?)] {
                    #expect(try await other.call(method, path, body).status == 404, "\(path)")
                }
                #expect(try await partner.call("DELETE", "/webhooks/\(webhook)").status == 200)
                #expect(try await partner.call("GET", "/webhooks").body["webhooks"]?.items == [])
            }
        }
    }
}
