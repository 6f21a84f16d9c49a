import Application
import DevicesContracts
import Kernel

/// Begins to move devices from a hub to another hub of the same tenant, in the background and one by one.
struct StartHubMigration: Command {
    let hub: Hub.ID
    let targetHub: Hub.ID
    /// Nil for all devices behind the hub.
    let devices: [HubMigration.Device.ID]?
    let user: UserID
    let migration: HubMigration.ID

    struct Facts: Sendable {
        let target: Hub
        /// The devices behind the hub.
        let known: [HubMigration.Device.ID]
    }

    var target: String { hub.text }

    enum Refusal: DomainError {
        case notWorking, sameHub, noTarget, otherTenant, targetNotWorking, running, noDevices, otherDevice, tooMany
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .notWorking: "The hub is not claimed, or out of service."
            case .sameHub: "The devices are behind that hub already."
            case .noTarget: "There is no such target hub."
            case .otherTenant: "The target hub belongs to another tenant."
            case .targetNotWorking: "The target hub is not claimed, or out of service."
            case .running: "A migration from this hub is under way."
            case .noDevices: "There is no device to move."
            case .otherDevice: "A device to move is not behind this hub."
            case .tooMany: "At most \(Hub.maxDevices) devices are moved at once."
            }
        }
    }

    func facts(on snapshot: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> Facts {
        let target = try await services.store.load(Hub.self, targetHub.text).state
        let rows = try await services.store.query(MatterDevicesView.devices(behind: hub, limit: Hub.maxDevices + 1))
        return Facts(target: target, known: try rows.map { try $0.read("device_id") })
    }

    func decide(_ state: Hub, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Hub.Event] {
        guard state.status == .claimed else { throw .notWorking }
        guard targetHub != hub else { throw .sameHub }
        guard let hardware = facts.target.hardware else { throw .noTarget }
        // Whether a hub of somebody else works is not told.
        guard facts.target.organisation == state.organisation else {
            throw facts.target.organisation == nil ? .targetNotWorking : .otherTenant
        }
        guard facts.target.status == .claimed else { throw .targetNotWorking }
        guard !state.migrations.contains(where: { $0.status == .running }) else { throw .running }
        let wanted = devices ?? facts.known
        guard !wanted.isEmpty else { throw .noDevices }
        guard wanted.count <= Hub.maxDevices else { throw .tooMany }
        guard Set(wanted).isSubset(of: facts.known) else { throw .otherDevice }
        let unique = wanted.reduce(into: [HubMigration.Device.ID]()) { if !$0.contains($1) { $0.append($1) } }
        return [
            .migrationStarted(
                HubMigration(
                    id: migration, target: targetHub, targetThing: hardware.thing, devices: unique, startedBy: user, startedAt: now))
        ]
    }

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: Facts, _ request: Request, _ services: Services) throws -> Effect {
        guard case .migrationStarted(let started)? = events.first else { return .none }
        let start = try WorkflowStart(
            MoveDevices(hub: hub, migration: started.id), as: WorkflowID(started.id.text), by: request.caller.name, at: request.attempt.now)
        return .local(Changes(rows: [services.startWorkflow(start)]))
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/StartHubMigration", "Move devices to another hub in the background",
        allow: .tenant, answer: .event(and: .json("migrationId", .string) { $0.command.migration.json }),
        inputs: .init(
            .path("id", "Id of the hub."), .body("targetHubId", "The hub that gets the devices."),
            .body("deviceIds", "The devices to move; all when absent."), .body("userId", "Who moves them."), .generated("migration")),
        make: StartHubMigration.init(hub:targetHub:devices:user:migration:)
    )
}
