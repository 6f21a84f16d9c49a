import Application
import Kernel

/// Removes a wallet key, from the user and from the locks that have it.
struct RemoveWalletKey: Command, ConcernsWalletKey {
    let user: UserID
    let key: WalletKey.ID
    let reason: Reason

    var target: String { user.text }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(NoSuchWalletKey) -> [UserAccount.Event] {
        guard user.knows(walletKey: key) else { throw .noSuchKey }
        return [.walletKeyRemoved(key, reason: reason.text, at: now)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemoveWalletKey", "Remove a wallet key, from the user and from every lock",
        allow: .giverOrSelf,
        inputs: .init(.path("id", "Id of the user."), .body("keyId", "The key."), .body("reason", "Why.")),
        make: RemoveWalletKey.init(user:key:reason:)
    )
}

enum NoSuchWalletKey: DomainError {
    case noSuchKey
    var kind: RefusalKind { .unknown }
    var message: String { "The user has no such wallet key." }
}
