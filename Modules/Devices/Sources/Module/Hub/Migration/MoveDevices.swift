import Application
import DevicesContracts
import Kernel

/// Moves the devices of a migration one by one. The target hub is told to take a device, and has it once the device introduces itself as
/// one of that hub.
struct MoveDevices: Workflow {
    static let name = "hub-migration-workflow", label = "Move devices to another hub"

    let hub: Hub.ID
    let migration: HubMigration.ID

    /// How long the target hub has for one device: as long as a device stays in commissioning mode.
    private static let patience = Duration.seconds(15 * 60)
    private static let pauses: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(15)]
    private static let lastPause = Duration.seconds(30)

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        guard let migration = try await load(services) else { throw WorkflowStop("The migration is unknown.") }
        for device in migration.devices {
            try await note(.migrating, device.id, nil, steps, services)
            let (status, error) = try await move(device.id, migration, steps, services)
            try await note(status, device.id, error, steps, services)
        }
        return try await steps.perform("complete") {
            let request = steps.request("complete", by: .anonymous, services)
            let result = try await services.execute(CompleteMigration(hub: hub, migration: self.migration), for: request)
            return result.state.migration(self.migration)?.status.json ?? .null
        }
    }

    private func load(_ services: Services) async throws -> HubMigration? {
        try await services.store.load(Hub.self, hub.text).state.migration(migration)
    }

    private func note(
        _ status: HubMigration.DeviceStatus, _ device: HubMigration.Device.ID, _ error: String?, _ steps: Steps, _ services: Services
    ) async throws {
        let step = "\(device): \(status.rawValue)"
        _ = try await steps.perform(step) {
            let request = steps.request(step, by: .anonymous, services)
            _ = try await services.execute(
                SetDeviceMigration(hub: hub, migration: migration, device: device, status: status, error: error), for: request)
            return status
        }
    }

    /// Returns how the move of a device has ended.
    private func move(_ device: HubMigration.Device.ID, _ migration: HubMigration, _ steps: Steps, _ services: Services) async throws
        -> (HubMigration.DeviceStatus, String?)
    {
        let action = ActionID(steps.request("\(device)", by: .anonymous, services).action.text)
        let refusal = try await steps.perform("\(device): tell the hub") { try await tell(action, device, migration, services) }
        if let refusal { return (.blocked, refusal) }
        var look = 0, waited = Duration.zero
        while waited < Self.patience {
            let pause = look < Self.pauses.count ? Self.pauses[look] : Self.lastPause
            look += 1
            try await steps.sleep("\(device): wait \(look)", pause)
            waited += pause
            let step = "\(device): look \(look)"
            switch try await steps.perform(
                step, { try await self.look(action, device, migration, steps.request(step, by: .anonymous, services), services) })
            {
            case .moved: return (.migrated, nil)
            case .failed(let error): return (.failed, error)
            case .waiting: continue
            }
        }
        return (.failed, "The target hub did not report the device in time.")
    }

    /// Tells the target hub to take a device. Returns why it is not told.
    private func tell(_ action: ActionID, _ device: HubMigration.Device.ID, _ migration: HubMigration, _ services: Services) async throws
        -> String?
    {
        let source = try await services.store.load(Hub.self, hub.text).state
        let target = try await services.store.load(Hub.self, migration.target.text).state
        guard target.status == .claimed, let org = target.organisation, org == source.organisation else {
            return "The target hub is out of service, or belongs to another tenant."
        }
        let take = SendCommand(
            action: action, thing: migration.targetThing, org: org, shadow: DeviceCommand.hubShadow,
            command: .hub(name: "take_device", arguments: ["uuid": device.json, "from": hub.json]), lifetime: Self.patience)
        let reply = try await services.bus.ask(take, trace: Trace(correlation: migration.id.text, causation: nil), now: services.clock())
        switch reply.outcome {
        case .accepted, .unknown: return nil
        case .unreachable, .full: return "The device link did not take the command."
        case .foreign, .outOfService, .outdated: return "The target hub does not take commands."
        }
    }

    private enum Look: Codable, Sendable { case moved, waiting, failed(String) }

    /// Looks whether the device has introduced itself behind the target hub, and then moves it there.
    private func look(
        _ action: ActionID, _ device: HubMigration.Device.ID, _ migration: HubMigration, _ request: Request, _ services: Services
    ) async throws -> Look {
        let state = try await services.store.load(MatterDevice.self, device.text).state
        if state.reported["bridge_uuid"]?.text.map({ Hub.ID($0) }) == migration.target {
            let result = try await services.execute(MoveDevice(device: MatterDevice.ID(device.text), to: migration.target), for: request)
            guard result.state.registration?.hub == migration.target else {
                return .failed("The device and the target hub belong to different tenants by now.")
            }
            return .moved
        }
        let question = EndsOfCommands(actions: [action])
        let ends = try await services.bus.ask(question, trace: request.trace, now: services.clock()).ended
        guard let end = ends.first, end.outcome != .succeeded else { return .waiting }
        return .failed(end.error ?? "The target hub did not take the device.")
    }
}
