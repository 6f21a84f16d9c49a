import Kernel

/// Prepares a wallet key. A key of the other type takes the place of the one there is.
struct AddWalletKey: Command, ConcernsUser {
    let user: UserID
    let kind: WalletKey.Kind
    let index: Double
    let key: WalletKey.ID
    let caller: Caller

    func rows(for events: [UserAccount.Event], _ snapshot: Snapshot<UserAccount>, at now: Moment) -> [SQL] {
        events.isEmpty ? [] : caller.org.map { [WalletKeyGivers.insert(key, $0)] } ?? []
    }

    var target: String { user.text }

    enum Refusal: Refused {
        case hasOneOfThisType
        var kind: RefusalKind { .invalid }
        var words: String { "The user has a wallet key of this type." }
    }

    func decide(_ user: UserAccount, at now: Moment) throws(Refusal) -> [UserAccount.Event] {
        guard user.walletKey?.kind != kind else { throw .hasOneOfThisType }
        return [.walletKeyPrepared(WalletKey(id: key, kind: kind, index: index, addedAt: now))]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddWalletKey", "Prepare a wallet key for a user",
        allow: .selfOrTenant,
        answer: CommandAnswer(["keyId": .string, "walletType": WalletKey.Kind.schema]) { command, _, _ in
            ["keyId": command.key.json, "walletType": command.kind.json]
        },
        input: .path("id", "Id of the user."), .body("walletType", "Whose wallet."), .body("keyIndex", "Slot of the key."), .secret("wallet-key"), .caller,
        make: AddWalletKey.init(user:kind:index:key:caller:)
    )
}
