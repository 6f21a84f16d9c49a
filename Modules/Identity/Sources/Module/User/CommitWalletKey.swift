import Application
import Kernel

/// Records that the wallet provider has issued the pass of a prepared key.
struct CommitWalletKey: Command, ConcernsWalletKey {
    let user: UserID
    let key: WalletKey.ID
    let passID: NonEmptyString
    let passURL: PassURL

    var target: String { user.text }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(NoSuchWalletKey) -> [UserAccount.Event] {
        guard let held = user.walletKey, held.id == key else { throw .noSuchKey }
        let pass = Pass(id: passID.text, url: passURL.text)
        return held.pass == pass ? [] : [.walletKeyCommitted(key, pass, at: now)]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/CommitWalletKey", "Record the pass that was issued for a wallet key",
        allow: .giver,
        inputs: .init(
            .path("id", "Id of the user."), .body("keyId", "The prepared key."), .body("passId", "Serial number of the pass."),
            .body("passUrl", "Where the pass is installed from.")), make: CommitWalletKey.init(user:key:passID:passURL:)
    )
}

/// The install link of a pass.
struct PassURL: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 2_048 }
    static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}
