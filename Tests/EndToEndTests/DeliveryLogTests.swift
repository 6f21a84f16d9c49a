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

    @Test(arguments: Layout.testable) func `a tenant manages its webhooks without asking anybody`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), other = try await Partner(installation)
            try await WebhookReceiver.with { sink in
                let added = try await partner.call(
                    "POST", "/webhooks", ["url": "https://erp.example.com/hook", "events": ["KeyAdded"], "description": "ERP"])
                #expect(added.status == 201 && added.body["secret"]?.text?.hasPrefix("whsec_") == true, "\(added)")
                let erp = try #require(added.body["webhookId"]?.text), shown = try await partner.call("GET", "/webhooks/\(erp)")
                #expect(
                    shown.body["description"] == "ERP" && shown.body["events"] == ["KeyAdded"] && shown.body["secret"] == nil, "\(shown)")
                for wrong in [["url": "http://erp.example.com/"], ["url": "https://erp.example.com/", "events": ["Nothing"]], [:]] as [JSON]
                {
                    #expect(try await partner.call("POST", "/webhooks", wrong).status == 400)
                }
                let own = try await partner.call("GET", "/api-key")
                #expect(
                    own.body["maskedKey"]?.text?.hasPrefix(String(partner.key.prefix(8))) == true && own.body["apiKey"] == nil, "\(own)")

                // A receiver on this machine can be named by staff only.
                try await partner.subscribe(sink.url("all"))
                let listed = try await partner.call("GET", "/webhooks").body["webhooks"]?.items ?? []
                let webhook = try #require(listed.first { $0["id"]?.text != erp }?["id"]?.text)
                let test = try await partner.call("POST", "/webhooks/\(webhook)/test", [:])
                #expect(test.status == 200)
                #expect(
                    try await eventually { sink.all("all").contains { $0.name == "WebhookTest" && $0.body["id"] == test.body["eventId"] } })

                let rotated = try await partner.call("POST", "/webhooks/\(webhook)/rotate-secret", [:])
                #expect(rotated.status == 200 && rotated.body["secret"]?.text?.hasPrefix("whsec_") == true, "\(rotated)")
                let again = try await partner.call("POST", "/webhooks/\(webhook)/test", [:])
                #expect(try await eventually { sink.all("all").contains { $0.body["id"] == again.body["eventId"] } })
                // The receiver knows the secret of before only.
                let both = try #require(sink.all("all").last)
                #expect(both.isGenuine && both.signatures.count == 2)

                #expect(try await partner.call("PUT", "/webhooks/\(webhook)", ["status": "paused"]).body["status"] == "paused")
                #expect(try await partner.call("POST", "/webhooks/\(webhook)/test", [:]).status == 409)
                let before = sink.all("all").count, lock = try await partner.lock().uuid
                #expect(
                    try await eventually {
                        try await partner.call("GET", "/webhooks/\(webhook)/deliveries?state=pending").body["deliveries"]?.items?.count == 1
                    })
                #expect(sink.all("all").count == before)
                #expect(try await partner.call("PUT", "/webhooks/\(webhook)", ["status": "active"]).body["status"] == "active")
                #expect(try await eventually { sink.all("all").last?.detail["aggregateId"] == .string(lock) })
                #expect(try await partner.call("PUT", "/webhooks/\(webhook)", [:]).status == 400)

                // What is another tenant's does not exist.
                for (method, path, body) in [
                    ("GET", "/webhooks/\(webhook)", nil), ("PUT", "/webhooks/\(webhook)", ["status": "paused"]),
                    ("POST", "/webhooks/\(webhook)/test", [:]), ("POST", "/webhooks/\(webhook)/rotate-secret", [:]),
                ] as [(String, String, JSON?)] {
                    #expect(try await other.call(method, path, body).status == 404, "\(path)")
                }
            }
        }
    }
}
