import Application
import Kernel

/// Discards a prepared key whose pass could not be issued.
struct RollBackWalletKey: Command, ConcernsWalletKey {
    let user: UserID
    let key: WalletKey.ID
    let reason: Reason

    var target: String { user.text }

    enum Refusal: DomainError {
        case noSuchKey, isCommitted
        var kind: RefusalKind { self == .noSuchKey ? .unknown : .conflict }
        var message: String {
            self == .noSuchKey ? "The user has no such wallet key." : "The pass of the key was issued; remove the key instead."
        }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard let held = user.walletKey, held.id == key else { throw .noSuchKey }
        guard held.pass == nil else { throw .isCommitted }
        return [.walletKeyRolledBack(key, reason: reason.text, at: now)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RollBackWalletKey", "Take back a wallet key whose pass could not be issued",
        allow: .giver,
        inputs: .init(.path("id", "Id of the user."), .body("keyId", "The prepared key."), .body("reason", "Why.")),
        make: RollBackWalletKey.init(user:key:reason:)
    )
}
