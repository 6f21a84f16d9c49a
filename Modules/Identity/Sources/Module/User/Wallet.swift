import Kernel

/// The user's wallet key as it stands.
struct Wallet: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object(["hasWalletKey": .boolean, "walletKey": WalletKey.schema.optional])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> JSON {
        ["hasWalletKey": .bool(snapshot.state.walletKey != nil), "walletKey": snapshot.state.walletKey?.json]
    }

    static let operation = Operation.query(
        "/users/{id}/wallet", "Read a user's wallet key", allow: .selfOrTenant, input: .path("id", "Id of the user."), make: Wallet.init(user:)
    )
}
