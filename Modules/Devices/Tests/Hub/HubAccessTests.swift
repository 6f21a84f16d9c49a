import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Devices

/// What a hub may do at the broker follows what is stored, whatever fails in between.
@Suite struct HubAccessTests {
    private enum Call: Equatable {
        case admit(BrokerAccess.Grant)
        case shut(String)
    }

    private final class Broker: Sendable {
        private let state = Mutex((calls: [Call](), isAway: false))
        var calls: [Call] { state.withLock { $0.calls } }
        func set(isAway: Bool) { state.withLock { $0.isAway = isAway } }

        private func note(_ call: Call) throws {
            try state.withLock { state in
                if state.isAway { throw BrokerAccess.Failure("away") }
                state.calls.append(call)
            }
        }

        var port: BrokerAccess {
            BrokerAccess(
                address: "mqtt://b", authority: nil, topics: { [$0.text] }, prepare: {}, admit: { try self.note(.admit($0)) },
                shut: { try self.note(.shut($0)) })
        }
    }

    private struct Place {
        let broker = Broker()
        let stage: ThingStage
        let access: HubAccess

        init() async throws {
            stage = try await ThingStage(TestDatabase.current)
            let given = stage.runner.services
            let services = Services(
                module: "devices", store: given.store, bus: given.bus, vault: given.vault, directory: given.directory,
                ports: Ports(broker.port), settings: given.settings, log: given.log, clock: given.clock)
            access = try #require(HubAccess(services))
            _ = try await stage.database.transact([
                "INSERT INTO devices.things (name, hub_id) VALUES ('h', 'h')",
                "INSERT INTO devices.things (name, hub_id) VALUES ('lamp', 'h')",
            ])
        }

        func issue(_ password: String) async throws {
            let sealed = try HubCredentials.seal(password, of: "h", access.services.vault)
            _ = try await stage.database.transact([HubCredentials.issue(sealed, to: "h")])
        }

        func isOpen() async throws -> Bool { try await !stage.database.read(HubCredentials.open(after: "")).isEmpty }

        func grant(_ password: String, isNew: Bool, things: [ThingName] = ["h", "lamp"]) -> Call {
            .admit(BrokerAccess.Grant(user: "hub-h", password: password, isNew: isNew, things: things))
        }
    }

    @Test(.everyDatabase) func `a hub without credentials has no client`() async throws {
        let place = try await Place()
        try await place.access.apply("h")
        #expect(place.broker.calls.isEmpty)
    }

    @Test(.everyDatabase) func `a password is new until the broker has it, however often it was away`() async throws {
        let place = try await Place()
        try await place.issue("one")
        place.broker.set(isAway: true)
        await #expect(throws: BrokerAccess.Failure.self) { try await place.access.apply("h") }
        #expect(try await place.isOpen())
        place.broker.set(isAway: false)
        try await place.access.apply("h")
        #expect(try await !place.isOpen())
        _ = try await place.stage.database.transact([
            "INSERT INTO devices.things (name, hub_id) VALUES ('new', 'h')", HubCredentials.touch("h"),
        ])
        #expect(try await place.isOpen())
        try await place.access.apply("h")
        try await place.issue("two")
        try await place.access.apply("h")
        #expect(
            place.broker.calls == [
                place.grant("one", isNew: true), place.grant("one", isNew: false, things: ["h", "lamp", "new"]),
                place.grant("two", isNew: true, things: ["h", "lamp", "new"]),
            ])
    }

    @Test(.everyDatabase) func `a change that is noted while the broker is told stays open`() async throws {
        let place = try await Place()
        try await place.issue("one")
        let before = try HubCredentials(try #require(try await place.stage.database.read(HubCredentials.find("h")).first))
        _ = try await place.stage.database.transact([HubCredentials.touch("h"), before.isApplied(knowsPassword: true)])
        #expect(try await place.isOpen())
    }

    @Test(.everyDatabase) func `revoked credentials shut the hub out`() async throws {
        let place = try await Place()
        try await place.issue("one")
        try await place.access.apply("h")
        _ = try await place.stage.database.transact([HubCredentials.revoke("h")])
        try await place.access.apply("h")
        #expect(place.broker.calls == [place.grant("one", isNew: true), .shut("hub-h")])
    }

    @Test(.everyDatabase) func `a password that was issued while the hub was shut out is new when it is let in`() async throws {
        let place = try await Place(), now = ThingStage.start
        func hub(_ events: [Hub.Event]) async throws {
            let snapshot = try await place.access.services.store.load(Hub.self, "h")
            try await place.access.services.store.commit(
                Commit([try Append(events, to: snapshot, at: now)], trace: ThingStage.trace))
        }
        let call = Hub.Intervention(reason: "r", user: "u")
        try await hub([.claimed(Hub.Claim(org: "acme", site: "s", user: "u"), at: now)])
        try await place.issue("stolen")
        try await place.access.apply("h")
        try await place.issue("new")
        try await hub([.suspended(call, at: now)])
        try await place.access.apply("h")
        try await hub([.resumed(call, at: now)])
        _ = try await place.stage.database.transact([HubCredentials.touch("h")])
        try await place.access.apply("h")
        #expect(place.broker.calls == [place.grant("stolen", isNew: true), .shut("hub-h"), place.grant("new", isNew: true)])
    }

    @Test(.everyDatabase) func `the lock of another tenant is no thing of the hub`() async throws {
        let place = try await Place(), claimed = Hub.Claim(org: "acme", site: "s", user: "u")
        let hub = [Hub.Event.claimed(claimed, at: ThingStage.start)].reduce(into: Hub()) { $0.apply($1) }
        _ = try await place.stage.database.transact([
            "INSERT INTO devices.things (name, org_id) VALUES ('theirs', 'other')",
            "INSERT INTO devices.matter_devices (device_id, thing, hub_id) VALUES ('t', 'lamp2', 'h'), ('theirs', 'lamp3', 'h')",
        ])
        let things = try await place.stage.database.read(HubCredentials.things(of: "h", in: hub)).map {
            try $0.read("name", as: String.self)
        }
        #expect(things == ["h", "lamp", "t"])
    }
}
