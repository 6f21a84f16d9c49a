import Application
import Kernel

/// Prepares a wallet key. A key of the other type replaces the existing one.
struct AddWalletKey: Command, ConcernsUser {
    let user: UserID
    let kind: WalletKey.Kind
    let index: Double
    let key: WalletKey.ID
    let caller: Caller

    func effect(of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services)
        -> Effect
    {
        guard !events.isEmpty, let org = caller.org else { return .none }
        return .local(Changes(rows: [WalletKeyGivers.insert(key, org)]))
    }

    var target: String { user.text }

    enum Refusal: DomainError {
        case hasOneOfThisType
        var kind: RefusalKind { .invalid }
        var message: String { "The user has a wallet key of this type." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard user.walletKey?.kind != kind else { throw .hasOneOfThisType }
        return [.walletKeyPrepared(WalletKey(id: key, kind: kind, index: index, addedAt: now))]
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddWalletKey", "Prepare a wallet key for a user",
        allow: .selfOrTenant,
        answer: .event(and: .member("keyId") { $0.command.key }, .member("walletType") { $0.command.kind }),
        inputs: .init(
            .path("id", "Id of the user."), .body("walletType", "Whose wallet."), .body("keyIndex", "Slot of the key."),
            .secret("wallet-key"), .caller),
        make: AddWalletKey.init(user:kind:index:key:caller:)
    )
}
