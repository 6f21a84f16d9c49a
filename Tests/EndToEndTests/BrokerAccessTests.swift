import Foundation
import Kernel
import KernelTesting
import MQTT
import Testing

/// What the broker lets a hub do, and until when.
@Suite(.serialized) struct BrokerAccessTests {
    private struct Credentials {
        let user: String
        let password: String
    }

    private static func issue(_ partner: Partner, _ hub: String) async throws -> Credentials {
        let reply = try await partner.call("POST", "/hubs/\(hub)/IssueCredentials")
        #expect(reply.status == 200, "\(reply)")
        #expect(reply.body["topics"] == [.string("$aws/things/\(hub)/shadow/#"), .string("spk/things/\(hub)/presence")])
        #expect(reply.body["user"] == .string("hub-\(hub)") && reply.body["broker"]?.text?.hasPrefix("mqtts://") == true)
        return Credentials(user: reply.body["user"]?.text ?? "", password: reply.body["password"]?.text ?? "")
    }

    private static func connect(_ broker: SecuredBroker, _ credentials: Credentials, hearing topics: [String] = []) async throws -> Listener
    {
        var settings = MQTTSettings(host: "127.0.0.1", port: broker.port, clientID: "test-\(UUID().uuidString)")
        (settings.user, settings.password) = (credentials.user, credentials.password)
        return try await Listener(settings, hearing: topics)
    }

    private static func getsIn(_ broker: SecuredBroker, _ credentials: Credentials) async throws -> Bool {
        let client = try await connect(broker, credentials)
        defer { client.close() }
        return try await eventually(within: .seconds(3)) { client.isConnected }
    }

    private static func update(_ value: Int64) -> JSON { ["state": ["reported": ["value": .int(value)]]] }
    private static func intervention(_ hub: String) -> JSON { ["hubId": .string(hub), "reason": "test", "userId": "ann"] }

    @Test func `a hub speaks for its own things and hears of them alone`() async throws {
        try await SecuredBroker.with { installation, broker, partner in
            let hub = try await HubTests.hub(partner), other = try await HubTests.hub(partner)
            let credentials = try await Self.issue(partner, hub)
            _ = try await Self.issue(partner, other)
            let shadow = { (thing: String) in "$aws/things/\(thing)/shadow/name/state" }
            let wanted = [shadow(hub) + "/update/accepted", shadow(other) + "/#", "$aws/#", "spk/#", "#", "$CONTROL/#"]
            let client = try await Self.connect(broker, credentials, hearing: wanted)
            defer { client.close() }
            #expect(try await eventually { client.isConnected })
            let isHeard = try await eventually {
                _ = try await client.say(shadow(hub) + "/update", Self.update(1))
                return client.messages.contains { $0.topic == shadow(hub) + "/update/accepted" }
            }
            #expect(isHeard)
            #expect(try await client.say("spk/things/\(hub)/presence", ["online": true]))

            // Neither others' things, nor the answers of the service, nor the broker's own list.
            for topic in [
                shadow(other) + "/update", shadow(other) + "/get", "spk/things/\(other)/presence", shadow(hub) + "/update/delta",
                shadow(hub) + "/update/accepted", "$CONTROL/dynamic-security/v1", "anything",
            ] {
                #expect(try await client.say(topic, Self.update(2)) == false, "\(topic)")
            }
            #expect(try await partner.call("GET", "/things/\(other)/shadow?name=state").status == 404)
            // What the other hub is told comes to no ear of this one.
            _ = try await partner.call("POST", "/things/\(other)/shadow?name=state", Self.update(3))
            _ = try await partner.call("POST", "/things/\(hub)/shadow?name=state", Self.update(4))
            #expect(try await eventually { client.messages.filter { $0.topic.hasSuffix("/update/accepted") }.count > 1 })
            #expect(client.messages.allSatisfy { $0.topic.hasPrefix("$aws/things/\(hub)/") })
            // Commands are the platform's to write, whoever is connected.
            #expect(try await client.say("$aws/things/\(hub)/shadow/name/hub_command/update", ["state": ["desired": ["command": "x"]]]))
            let desired = try await partner.call("GET", "/things/\(hub)/shadow?name=hub_command")
            #expect(desired.status == 404)
        }
    }

    @Test func `new credentials end the session of the old ones`() async throws {
        try await SecuredBroker.with { installation, broker, partner in
            let hub = try await HubTests.hub(partner), stolen = try await Self.issue(partner, hub)
            let thief = try await Self.connect(broker, stolen)
            defer { thief.close() }
            #expect(try await eventually { thief.isConnected })
            let own = try await Self.issue(partner, hub)
            #expect(own.password != stolen.password)
            #expect(try await eventually(within: .seconds(1)) { !thief.isConnected })
            #expect(try await Self.getsIn(broker, own))
            #expect(try await !Self.getsIn(broker, stolen))

            // Nobody else may have them made, and nobody is shown them again.
            let other = try await Partner(installation)
            #expect(try await other.call("POST", "/hubs/\(hub)/IssueCredentials").status == 403)
            let history = try await partner.asStaff("GET", "/admin/aggregates/hub/\(hub)/events").body
            #expect(history.encoded.contains("HubCredentialsIssued") && !history.encoded.contains(own.password))
        }
    }

    @Test func `who is suspended, moved away or decommissioned is cut off at once`() async throws {
        try await SecuredBroker.with { installation, broker, partner in
            let hub = try await HubTests.hub(partner), credentials = try await Self.issue(partner, hub)
            let client = try await Self.connect(broker, credentials)
            defer { client.close() }
            #expect(try await eventually { client.isConnected })
            #expect(try await partner.call("POST", "/hubs/\(hub)/SuspendHub", Self.intervention(hub)).status == 200)
            #expect(try await eventually(within: .seconds(1)) { !client.isConnected })
            #expect(try await partner.call("POST", "/hubs/\(hub)/IssueCredentials").status == 400)
            #expect(try await partner.call("POST", "/hubs/\(hub)/ResumeHub", Self.intervention(hub)).status == 200)
            #expect(try await eventually { client.isConnected })

            // A device that is added later joins what the hub speaks for.
            let device = UUID().uuidString.lowercased()
            #expect(try await client.say("$aws/things/\(device)/shadow/update", Self.update(1)) == false)
            let made = try await partner.call(
                "POST", "/matter-devices/\(device)/CreateMatterDevice",
                ["deviceId": .string(device), "thingName": .string(device), "hubId": .string(hub)])
            #expect(made.status == 201)
            let joins = try await eventually { (try? await client.say("$aws/things/\(device)/shadow/update", Self.update(1))) == true }
            #expect(joins)

            // One that the hub finds by itself is introduced on the hub's own thing.
            let found = UUID().uuidString.lowercased()
            let introduction: JSON = [
                "state": ["reported": ["bridge_uuid": .string(hub), "uuid": .string(found), "1/29/0": 10, "1/40/1": "Acme"]]
            ]
            let isHeard = try await eventually {
                (try? await client.say("$aws/things/\(hub)/shadow/name/introduction/update", introduction)) == true
            }
            #expect(isHeard)
            let isRegistered = try await eventually { try await partner.call("GET", "/matter-devices/\(found)").status == 200 }
            #expect(isRegistered)
            let speaks = try await eventually { (try? await client.say("$aws/things/\(found)/shadow/update", Self.update(1))) == true }
            #expect(speaks)

            // The tenant before knows the password: with the hub it ends.
            let other = try await Partner(installation)
            let move: JSON = [
                "hubId": .string(hub), "newOrgId": .string(other.org), "newSiteId": "s", "reason": "sold", "userId": "ann",
            ]
            let moved = try await partner.call("POST", "/hubs/\(hub)/ReClaimHub", move)
            #expect(moved.status == 200, "\(moved)")
            #expect(try await eventually(within: .seconds(1)) { !client.isConnected })
            #expect(try await !Self.getsIn(broker, credentials))
            let anew = try await Self.issue(other, hub)
            #expect(try await Self.getsIn(broker, anew))
            #expect(try await other.call("POST", "/hubs/\(hub)/DecommissionHub", Self.intervention(hub)).status == 200)
            #expect(try await !Self.getsIn(broker, anew))
        }
    }

    @Test func `a certificate gives the hub its role, until the hub is suspended`() async throws {
        try await SecuredBroker.with { installation, broker, partner in
            let hub = try await HubTests.hub(partner)
            _ = try await Self.issue(partner, hub)
            let certificate = try await installation.spkey(
                "hub-certificate", "--hub", hub, "--csr", broker.file("hub.csr"), "--ca", broker.file("ca.pem"), "--ca-key",
                broker.file("ca.key"))
            try Data((certificate + "\n").utf8).write(to: URL(filePath: broker.file("hub.pem")))
            var settings = MQTTSettings(host: "127.0.0.1", port: broker.securePort, clientID: "hub-with-certificate")
            settings.isSecure = true
            (settings.authorityFile, settings.certificateFile, settings.keyFile) =
                (broker.file("ca.pem"), broker.file("hub.pem"), broker.file("hub.key"))
            let client = try await Listener(settings)
            defer { client.close() }
            #expect(try await eventually { client.isConnected })
            let topic = "$aws/things/\(hub)/shadow/update"
            #expect(try await client.say(topic, Self.update(1)))
            #expect(try await client.say("$aws/things/other/shadow/update", Self.update(1)) == false)
            #expect(try await partner.call("POST", "/hubs/\(hub)/SuspendHub", Self.intervention(hub)).status == 200)
            let isCutOff = try await eventually(within: .seconds(3)) { (try? await client.say(topic, Self.update(2))) != true }
            #expect(isCutOff)
        }
    }
}
