import Application
import DevicesContracts
import Kernel

/// Withdraws the waiting commands that were sent with an API key when the key ends, before the request that ended it is answered.
enum EndedKeys {
    private static let names: Set = ["ApiKeyRevoked", "ApiKeyIssued"]

    static let followUp = FollowUp.ask(grace: Premise.freshness) { commit in
        let ended = commit.appends.filter { append in append.events.contains { names.contains($0.wire.type) } }
        return Set(ended.map { LookAgain(about: Premise.subject(ofKeysOf: OrgID($0.stream.id))) })
    }
}
