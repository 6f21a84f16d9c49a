import Application
import DevicesContracts
import Kernel

/// Tells a device's tenant that the device is away, or back.
struct TellPresence: ConcernsDevice {
    let device: MatterDevice.ID
    let isOnline: Bool
    /// When the device was last seen to come or go.
    let since: Timestamp

    typealias Refusal = NoRefusal

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(NoRefusal) -> [MatterDevice.Event] {
        guard state.health.isOffline == isOnline else { return [] }
        return [
            isOnline ? .cameOnline(since: since, org: facts.owner.org, at: now) : .wentOffline(since: since, org: facts.owner.org, at: now)
        ]
    }
}

/// Looks for devices that have been away for long, or are back. A device that comes and goes within the grace time is not told of.
struct PresenceWatch: Sendable {
    let services: Services
    private static let pause = Duration.seconds(5), atOnce = 500

    var job: Job { Job.every(Self.pause, "devices-presence") { try await look() } }

    func look() async throws {
        let now = services.clock(), grace = Duration.seconds(services.settings[DevicesSettings.offlineGrace])
        for row in try await services.store.query(ThingTables.untold(at: now, after: grace, limit: Self.atOnce)) {
            let thing: ThingName = try row.read("thing"), isOnline: Bool = try row.read("online"), at: Timestamp = try row.read("at")
            let tell = TellPresence(device: try row.read("device_id"), isOnline: isOnline, since: at)
            let trace = Trace(correlation: "presence", causation: nil)
            do {
                _ = try await services.execute(tell, for: Request(trace: trace, attempt: Attempt(now: now)))
                // A sign of life that came meanwhile has another time, and is looked at next.
                _ = try await services.store.run([ThingTables.told(thing, isOnline: isOnline, at: at)])
            } catch {
                services.log.warning("The presence of a device could not be told", ["thing": thing.text, "error": "\(error)"])
            }
        }
    }
}
