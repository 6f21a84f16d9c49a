import Application
import DevicesContracts
import Kernel

/// A command to a Matter device, which needs to know who owns the device now.
protocol ConcernsDevice: Command where Target == MatterDevice, Facts == DeviceFacts {
    var device: MatterDevice.ID { get }
}

extension ConcernsDevice {
    var target: String { device.text }

    func facts(on snapshot: Snapshot<MatterDevice>, _ request: Request, _ services: Services) async throws -> DeviceFacts {
        try await DeviceFacts(of: snapshot.state, services)
    }
}

/// Who owns the thing of a device now, and what counts as a low battery. A device follows its hub, so the tenant of its last event may not
/// be its tenant any more.
struct DeviceFacts: Sendable {
    let owner: ThingOwner
    /// In percent.
    let batteryThreshold: Int

    init(owner: ThingOwner, batteryThreshold: Int) { (self.owner, self.batteryThreshold) = (owner, batteryThreshold) }

    init(of device: MatterDevice, _ services: Services) async throws {
        self.init(owner: try await device.owner(services), batteryThreshold: services.settings[DevicesSettings.batteryThreshold])
    }
}
