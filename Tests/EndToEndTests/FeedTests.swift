import Foundation
import Kernel
import KernelTesting
import Testing

/// A partner's program that reads its events by itself: none is missing, none comes twice, none is another's.
@Suite(.serialized) struct FeedTests {
    private struct Reader: Sendable {
        let partner: Partner
        var place: String?

        mutating func read(_ query: String = "") async throws -> [JSON] {
            let reply = try await partner.call("GET", "/events?\(query)\(place.map { "&after=\($0)" } ?? "")")
            #expect(reply.status == 200, "\(reply)")
            place = reply.body["next"]?.text
            return reply.body["events"]?.items ?? []
        }

        /// Reads on until there are as many.
        mutating func read(atLeast count: Int, _ query: String = "") async throws -> [JSON] {
            var events: [JSON] = []
            for _ in 0..<200 where events.count < count { events += try await read(query + "&wait=1") }
            return events
        }
    }

    @Test(arguments: Layout.testable) func `a tenant reads what its webhooks get, from its first question on`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), other = try await Partner(installation)
            try await WebhookReceiver.with { sink in
                try await partner.subscribe(sink.url("all"))
                _ = try await partner.lock()
                #expect(try await eventually { sink.all("all").count == 1 })
                var reader = Reader(partner: partner), stranger = Reader(partner: other)
                #expect(try await reader.read().isEmpty)
                #expect(try await stranger.read().isEmpty)
                let start = reader.place
                let lock = try await partner.lock().number
                for key in ["a", "b"] {
                    #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)]).status == 200)
                }
                let events = try await reader.read(atLeast: 3)
                #expect(events.map { $0["detail-type"]?.text } == ["LockCreated", "KeyAdded", "KeyAdded"])
                #expect(try await eventually { sink.all("all").count == 4 })
                #expect(Set(sink.all("all").suffix(3).map(\.body.encoded)) == Set(events.map(\.encoded)), "exactly what webhooks get")
                #expect(try await stranger.read().isEmpty)

                reader.place = start
                #expect(try await reader.read("limit=2").map { $0["id"] } == events.prefix(2).map { $0["id"] })
                #expect(try await reader.read("limit=2").map { $0["id"] } == events.suffix(1).map { $0["id"] })
                let clouds = try await partner.call(
                    "GET", "/events?after=\(start ?? "")&limit=1", headers: [("Accept", "application/cloudevents+json; charset=utf-8")])
                let cloud = try #require(clouds.body["events"]?.items?.first)
                #expect(cloud["specversion"] == "1.0" && cloud["id"] == events[0]["id"] && cloud["type"] == "LockCreated", "\(cloud)")
                #expect(cloud["data"] == events[0]["detail"] && cloud["subject"] == events[0]["detail"]?["aggregateId"], "\(cloud)")
                reader.place = start
                #expect(try await reader.read("types=KeyAdded,KeyRemoved&aggregate=lock-\(lock)").count == 2)
                for wrong in ["types=Nothing", "limit=0", "wait=31", "after=x", "after=99999999"] {
                    #expect(try await partner.call("GET", "/events?\(wrong)").status == 400, "\(wrong)")
                }

                // Whoever waits is told when something happens, and not after the key was revoked.
                let place = try #require(reader.place)
                async let waiting = partner.call("GET", "/events?after=\(place)&wait=20")
                #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": "c"]).status == 200)
                let told = try await waiting
                #expect(told.body["events"]?.items?.count == 1, "\(told)")
                async let revoked = partner.call("GET", "/events?after=\(told.body["next"]?.text ?? "")&wait=20")
                let renewed = try await partner.asStaff("POST", "/api-keys/\(partner.org)/rotate", [:])
                let key = try #require(renewed.body["apiKey"]?.text)
                _ = try await Partner.call(
                    installation, "POST", "/locks/\(lock)/AddKey", ["keyUuid": "d"], [(name: "X-API-Key", value: key)])
                #expect(try await revoked.status == 401)
            }
        }
    }

    @Test(arguments: Layout.testable) func `beside many writers nothing is missing and nothing comes twice`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation)
            var reader = Reader(partner: partner)
            #expect(try await reader.read().isEmpty)
            let writers = 6, each = 15
            let events = try await withThrowingTaskGroup(of: [JSON].self) { group in
                for _ in 0..<writers {
                    group.addTask {
                        let lock = try await partner.lock().number
                        for n in 1..<each {
                            #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string("k\(n)")]).status == 200)
                        }
                        return []
                    }
                }
                group.addTask { [reader] in
                    var reader = reader
                    return try await reader.read(atLeast: writers * each, "limit=7")
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(events.count == writers * each && Set(events.map { $0["id"] }).count == events.count)
            let versions = Dictionary(grouping: events) { $0["detail"]?["aggregateId"]?.text }
                .mapValues { $0.compactMap { $0["detail"]?["version"]?.integer } }
            #expect(versions.values.allSatisfy { $0 == Array(1...Int64(each)) }, "in the order of each lock")
        }
    }

    @Test(arguments: Layout.testable) func `a stream goes on where it was cut off, and ends with its key`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number
            @Sendable func add(_ key: String) async throws {
                #expect(try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)]).status == 200)
            }
            func open(after last: String? = nil) throws -> RawClient {
                let client = try RawClient(port: installation.port)
                let resume = last.map { "Last-Event-ID: \($0)\r\n" } ?? ""
                client.say("GET /events/stream?types=KeyAdded HTTP/1.1\r\nHost: a\r\nX-API-Key: \(partner.key)\r\n\(resume)\r\n")
                return client
            }
            var client = try open()
            let head = try await client.hears("id: ")
            #expect(head?.contains("200 OK") == true && head?.contains("text/event-stream") == true, "\(head ?? "nothing")")
            try await add("a")
            let first = try #require(try await client.hears("\"keyUuid\":\"a\""))
            let id = try #require(first.matches(of: /id: (\d+)\nevent/).last?.1)
            #expect(first.contains("event: KeyAdded\ndata: {"))

            // Cut off, it misses two, and gets them when it comes again: those and no others.
            client = try open(after: String(id))
            try await add("b")
            try await add("c")
            let rest = try #require(try await client.hears("\"keyUuid\":\"c\""))
            #expect(rest.contains("\"keyUuid\":\"b\"") && !rest.contains("\"keyUuid\":\"a\""))
            client = try open(after: String(id))
            let again = try #require(try await client.hears("\"keyUuid\":\"c\""))
            #expect(again.components(separatedBy: "event: KeyAdded").count == 3)

            for wrong in ["x", "99999999"] {
                #expect(try await partner.call("GET", "/events/stream?after=\(wrong)").status == 400)
            }
            let stranger = try RawClient(port: installation.port)
            stranger.say("GET /events/stream HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await stranger.hears("401") != nil)

            #expect(try await partner.asStaff("POST", "/api-keys/\(partner.org)/rotate", [:]).status == 201)
            let end = try await client.hears("0\r\n\r\n", within: .seconds(8))
            #expect(end != nil && end?.contains("event:") == false, "it ends, and tells nothing more")
        }
    }
}
