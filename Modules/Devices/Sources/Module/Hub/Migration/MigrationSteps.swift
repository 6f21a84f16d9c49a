import Application
import DevicesContracts
import Kernel

/// Notes how far the move of one device is. Used only by the migration itself.
struct SetDeviceMigration: Command {
    let hub: Hub.ID
    let migration: HubMigration.ID
    let device: HubMigration.Device.ID
    let status: HubMigration.DeviceStatus
    let error: String?

    typealias Refusal = NoRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Hub.Event] {
        guard let known = state.migration(migration)?.devices.first(where: { $0.id == device }), known.status != status,
            !known.status.isFinal
        else { return [] }
        return [.deviceMigrated(HubMigration.Device(id: device, status: status, error: error), in: migration, at: now)]
    }
}

/// Ends a migration. Used only by the migration itself.
struct CompleteMigration: Command {
    let hub: Hub.ID
    let migration: HubMigration.ID

    typealias Refusal = NoRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Hub.Event] {
        guard let known = state.migration(migration), known.status == .running else { return [] }
        return [.migrationCompleted(migration, known.outcome, at: now)]
    }
}

/// Puts a device behind another hub of its tenant. Used only by the migration itself.
struct MoveDevice: Command {
    let device: MatterDevice.ID
    let to: Hub.ID

    typealias Refusal = NoRefusal

    struct Facts: Sendable {
        let org: OrgID?
        let hub: Hub
    }
    var target: String { device.text }

    func facts(on snapshot: Snapshot<MatterDevice>, _ request: Request, _ services: Services) async throws -> Facts {
        let owner = try await snapshot.state.owner(services)
        return Facts(org: owner.org, hub: try await services.store.load(Hub.self, to.text).state)
    }

    func decide(_ state: MatterDevice, _ facts: Facts, at now: Timestamp) throws(NoRefusal) -> [MatterDevice.Event] {
        guard let registration = state.registration, registration.hub != to, facts.org == facts.hub.organisation else { return [] }
        return [.moved(to: to, org: facts.org, at: now)]
    }

    func effect(
        of events: [MatterDevice.Event], on snapshot: Snapshot<MatterDevice>, _ facts: Facts, _ request: Request, _ services: Services
    )
        -> Effect
    {
        guard !events.isEmpty, let thing = snapshot.state.registration?.thing else { return .none }
        return .local(Changes(rows: ThingTables.move(thing, of: device, to: to, in: facts.hub)))
    }
}
