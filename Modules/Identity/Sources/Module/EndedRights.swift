import Application
import DevicesContracts
import IdentityContracts
import Kernel

/// Withdraws waiting commands that depend on the right of a suspended or erased user, before the request is answered. Access does this
/// again when it receives the event, in case Devices is unavailable now.
enum EndedRights {
    static let names: Set = [UserSuspended.name, UserErased.name]

    static let followUp = FollowUp.ask(grace: Premise.freshness) { commit in
        let ended = commit.appends.filter { append in append.events.contains { names.contains($0.wire.type) } }
        return Set(ended.map { LookAgain(about: Premise.subject(of: UserID($0.stream.id))) })
    }
}
