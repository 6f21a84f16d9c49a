import Application
import Database
import DevicesContracts
import EventStore
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// What things report reaches their devices, and makes things devices that introduce themselves.
@Suite struct ReportIngestionTests {
    @Test(.everyDatabase) func `a door that stays open is told after its time, and once`() async throws {
        let (stage, _) = try await prepare(), services = stage.runner.services, watch = DoorWatch(services: services)
        func request() -> Request { Request(caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: stage.now)) }
        func report(_ door: Int64) async throws {
            _ = try await services.execute(IngestReport(device: "d", document: ["1/257/3": .int(door)]), for: request())
        }
        func events() async throws -> [String] {
            try await stage.database.read("SELECT type FROM devices.events WHERE id = 'd' ORDER BY version").map { try $0.read("type") }
        }
        let create = CreateMatterDevice(device: "d", named: "d", thing: "d", hub: "h", type: "lock")
        _ = try await services.execute(create, for: request())
        try await report(0)
        stage.pass(.seconds(119))
        try await watch.look()
        #expect(try await events() == ["MatterDeviceCreated", "ReportedShadowUpdated"])
        stage.pass(.seconds(2))
        for _ in 0..<2 { try await watch.look() }
        #expect(try await events() == ["MatterDeviceCreated", "ReportedShadowUpdated", "DoorHeldOpen"])
        try await report(1)
        stage.pass(.seconds(500))
        try await watch.look()
        #expect(try await events().suffix(2) == ["ReportedShadowUpdated", "DoorSecured"])
    }

    private static let info: JSON = ["bridge_uuid": "h", "uuid": "n", "1/29/0": 21, "1/40/1": "Acme"]

    private func prepare() async throws -> (ThingStage, ReportIngestion) {
        let stage = try await ThingStage(TestDatabase.current)
        return (stage, ReportIngestion(services: stage.runner.services))
    }

    private func envelope(_ stage: ThingStage, _ name: String, _ stream: StreamName) -> Envelope {
        Envelope(
            id: "e", source: "devices", name: name, stream: stream, subject: stream.id, version: 1, at: stage.now, audience: [],
            trace: ThingStage.trace, data: [:])
    }

    private func hub(_ stage: ThingStage, isClaimed: Bool) async throws {
        let now = stage.now
        let provisioned = Hub.Event.provisioned(
            Hub.Hardware(hub: "h", serial: "SN", model: "hub-2", thing: "hub", vendor: nil), at: now)
        let claimed = Hub.Event.claimed(Hub.Claim(org: "acme", site: "s", user: "u"), at: now)
        let store = stage.runner.services.store, snapshot = try await store.load(Hub.self, "h")
        let events = snapshot.version == 0 ? [provisioned] + (isClaimed ? [claimed] : []) : [claimed]
        try await store.commit(events, to: snapshot, at: now, trace: ThingStage.trace)
    }

    /// Has a thing report on one of its shadows, as over the broker.
    private func report(_ stage: ThingStage, _ document: JSON, on shadow: String, of thing: ThingName = "n") async throws -> ShadowChanged {
        let update: JSON = ["state": ["reported": document]]
        try await stage.runner.receive(.shadow(thing, shadow: shadow, verb: .update, payload: update.bytes))
        let row = try await stage.database.read(
            "SELECT data FROM devices.outbox WHERE name = 'Shadow Update' ORDER BY position DESC LIMIT 1")
        return try #require(try row.first?.find("data", as: JSON.self)).decoded()
    }

    private func device(_ stage: ThingStage, _ id: String = "n") async throws -> MatterDevice {
        try await stage.runner.services.store.load(MatterDevice.self, id).state
    }

    @Test(.everyDatabase) func `a thing that introduces itself becomes a device of a claimed hub`() async throws {
        let (stage, ingestion) = try await prepare()
        try await hub(stage, isClaimed: true)
        let changed = try await report(stage, Self.info, on: "device_info")
        _ = try await ingestion.react(to: changed, envelope(stage, ShadowChanged.name, changed.stream))
        let made = try await device(stage)
        #expect(made.registration == MatterDevice.Registration(device: "n", thing: "n", hub: "h", type: "contact_sensor"))
        #expect(made.organisation == "acme" && made.reported["1/40/1"] == "Acme")
        let opened = try await report(stage, ["available": true, "1/69/0": false], on: "device_state")
        _ = try await ingestion.react(to: opened, envelope(stage, ShadowChanged.name, opened.stream))
        #expect(try await device(stage).alarms.map(\.kind) == [.contact])
        // The same report once more, as after a crash.
        _ = try await ingestion.react(to: opened, envelope(stage, ShadowChanged.name, opened.stream))
        #expect(try await stage.runner.services.store.load(MatterDevice.self, "n").version == 4)
    }

    @Test(.everyDatabase) func `a thing behind an unclaimed hub waits for the claim`() async throws {
        let (stage, ingestion) = try await prepare()
        try await hub(stage, isClaimed: false)
        let changed = try await report(stage, Self.info, on: "device_info")
        _ = try await ingestion.react(to: changed, envelope(stage, ShadowChanged.name, changed.stream))
        #expect(try await device(stage).registration == nil)
        try await hub(stage, isClaimed: true)
        _ = try await ingestion.reaction.react(envelope(stage, "HubClaimed", Hub.stream("h")))
        let made = try await device(stage)
        #expect(made.registration?.type == "contact_sensor" && made.organisation == "acme")
        #expect(made.reported["1/40/1"] == "Acme")
    }

    @Test(.everyDatabase) func `a thing of somebody else does not become a device`() async throws {
        let (stage, ingestion) = try await prepare()
        try await hub(stage, isClaimed: true)
        _ = try await stage.database.transact(["INSERT INTO devices.things (name, org_id) VALUES ('n', 'other')"])
        let changed = try await report(stage, Self.info, on: "device_info")
        _ = try await ingestion.react(to: changed, envelope(stage, ShadowChanged.name, changed.stream))
        #expect(try await device(stage).registration == nil)
    }

    @Test(.everyDatabase) func `only who is away for longer than the grace time is told of`() async throws {
        let (stage, ingestion) = try await prepare()
        try await hub(stage, isClaimed: true)
        let changed = try await report(stage, Self.info, on: "device_info"), watch = PresenceWatch(services: stage.runner.services)
        _ = try await ingestion.react(to: changed, envelope(stage, ShadowChanged.name, changed.stream))
        func sign(_ isOnline: Bool) async throws {
            try await stage.runner.receive(.presence("n", HubLink.SignOfLife(isOnline: isOnline)))
        }
        func isTold(_ events: [String], _ place: SourceLocation = #_sourceLocation) async throws {
            try await watch.look()
            let told = try await stage.database.read(
                "SELECT type FROM devices.events WHERE type IN ('DeviceOffline', 'DeviceOnline') ORDER BY version")
            #expect(try told.map { try $0.read("type", as: String.self) } == events, sourceLocation: place)
        }
        try await sign(true)
        try await sign(false)
        try await isTold([])
        stage.pass(.seconds(59))
        try await isTold([])
        try await sign(true)
        try await isTold([])
        try await sign(false)
        stage.pass(.seconds(60))
        try await isTold(["DeviceOffline"])
        try await isTold(["DeviceOffline"])
        try await sign(true)
        try await isTold(["DeviceOffline", "DeviceOnline"])
        try await sign(false)
        try await sign(true)
        try await isTold(["DeviceOffline", "DeviceOnline"])
    }

    @Test(
        arguments: [
            ["bridge_uuid": "h", "uuid": "n"], ["uuid": "n", "1/29/0": 21], ["bridge_uuid": "h", "1/29/0": 21],
            ["bridge_uuid": "h", "uuid": "n", "1/29/0": "lock"], ["bridge_uuid": "h", "uuid": "n/#", "1/29/0": 21],
        ] as [JSON])
    func `what names no device, no hub or no type is no introduction`(document: JSON) {
        #expect(Introduction(document, of: "n") == nil)
    }

    @Test func `an introduction knows whether the device says it itself`() {
        let document: JSON = ["bridge_uuid": "h", "uuid": "n", "1/29/0": 21]
        #expect(Introduction(document, of: "n")?.isOwn == true)
        #expect(Introduction(document, of: "h")?.isOwn == false)
    }

    @Test func `a device of an unknown type is generic`() {
        #expect(Introduction(["bridge_uuid": "h", "uuid": "n", "1/29/0": 9_999], of: "n")?.type == "generic")
        #expect(Introduction(["bridge_uuid": "h", "uuid": "n", "1/29/0": 10], of: "n")?.type == "lock")
    }
}
