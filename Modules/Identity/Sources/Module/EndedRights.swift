import Application
import DevicesContracts
import IdentityContracts
import Kernel

/// What waits for a device on the right of somebody who is suspended or erased is withdrawn before the one who did it is told.
/// Access does it once more when it hears of the event, should Devices not be there now.
enum EndedRights {
    static let names: Set = [UserSuspended.name, UserErased.name]

    static let followUp = FollowUp.ask(grace: Premise.freshness) { commit in
        let ended = commit.appends.filter { append in append.events.contains { names.contains($0.wire.type) } }
        return Set(ended.map { LookAgain(about: Premise.subject(of: UserID($0.stream.id))) })
    }
}
