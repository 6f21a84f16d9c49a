import DevicesContracts
import IdentityContracts
import Kernel

/// What waits for a device on the right of somebody who is suspended or erased is withdrawn before the one who did it is told.
/// Access does it once more when it hears of the event, should Devices not be there now.
enum EndedRights {
    static let names: Set = [UserSuspended.name, UserErased.name]

    static func follow(_ commit: Commit, _ services: Services) async {
        for append in commit.appends where append.events.contains(where: { names.contains($0.wire.type) }) {
            await LookAgain.beforeAnswer(about: [Premise.subject(of: UserID(append.stream.id))], commit.trace, services)
        }
    }
}
