import Application
import DevicesContracts
import Kernel

/// What an API key has asked for and still waits for a device ends with the key, before the one who ended it is told.
enum EndedKeys {
    private static let names: Set = ["ApiKeyRevoked", "ApiKeyIssued"]

    static let followUp = FollowUp.ask(grace: Premise.freshness) { commit in
        let ended = commit.appends.filter { append in append.events.contains { names.contains($0.wire.type) } }
        return Set(ended.map { LookAgain(about: Premise.subject(ofKeysOf: OrgID($0.stream.id))) })
    }
}
