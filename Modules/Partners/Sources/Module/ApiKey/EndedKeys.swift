import DevicesContracts
import Kernel

/// What an API key has asked for and still waits for a device ends with the key, before the one who ended it is told.
enum EndedKeys {
    static func follow(_ commit: Commit, _ services: Services) async {
        for append in commit.appends where append.events.contains(where: { ["ApiKeyRevoked", "ApiKeyIssued"].contains($0.wire.type) }) {
            await LookAgain.beforeAnswer(about: [Premise.subject(ofKeysOf: OrgID(append.stream.id))], commit.trace, services)
        }
    }
}
