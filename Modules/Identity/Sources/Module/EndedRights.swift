import DevicesContracts
import Kernel

/// What waits for a device on the right of somebody who is suspended or erased is withdrawn before the one who did it is told. Access does it once more when
/// it hears of the event, should Devices not be there now.
enum EndedRights {
    static let names: Set = ["UserSuspended", "UserErased"]

    static func follow(_ commit: Commit, _ services: Services) async {
        for append in commit.appends where append.events.contains(where: { names.contains($0.wire.type) }) {
            do {
                _ = try await services.bus.ask(LookAgain(about: "user:\(append.stream.id)"), trace: commit.trace, now: services.clock())
            } catch {
                services.log.warning("Commands on ended rights are withdrawn a little later", ["user": append.stream.id, "error": "\(error)"])
            }
        }
    }
}
