import Application
import Kernel

/// Tells a device's tenant that a door has been open for long.
struct TellHeldDoor: ConcernsDevice {
    let device: MatterDevice.ID
    let since: Timestamp

    typealias Refusal = NoRefusal

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(NoRefusal) -> [MatterDevice.Event] {
        guard !state.health.isDoorHeldOpen, DeviceWords(state.reported).door?.isOpen == true else { return [] }
        return [.doorHeldOpen(since: since, org: facts.owner.org, at: now)]
    }
}

/// Looks for doors that are held open.
struct DoorWatch: Sendable {
    let services: Services
    private static let pause = Duration.seconds(5), atOnce = 500

    var job: Job { Job.every(Self.pause, "devices-doors") { try await look() } }

    func look() async throws {
        let limit = services.settings[DevicesSettings.doorHeldOpen], now = services.clock()
        guard limit > 0 else { return }
        for row in try await services.store.query(MatterDevicesView.openDoors(before: now - .seconds(limit), limit: Self.atOnce)) {
            let device: MatterDevice.ID = try row.read("device_id")
            let tell = TellHeldDoor(device: device, since: try row.read("door_open_since"))
            let trace = Trace(correlation: "doors", causation: nil)
            do {
                _ = try await services.execute(tell, for: Request(trace: trace, attempt: Attempt(now: now)))
                _ = try await services.store.run([MatterDevicesView.doorIsTold(of: device, openSince: tell.since)])
            } catch {
                services.log.warning("A door that is held open could not be told", ["device": device.text, "error": "\(error)"])
            }
        }
    }
}
