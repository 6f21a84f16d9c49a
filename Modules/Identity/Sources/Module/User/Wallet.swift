import Application
import Kernel

/// The user's current wallet key.
struct Wallet: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let shape = Shape<WalletKey?>(.member("hasWalletKey") { $0 != nil }, .member("walletKey") { $0 })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> WalletKey? { snapshot.state.walletKey }

    static let operation = Operation.query(
        "/users/{id}/wallet", "Read a user's wallet key", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: Wallet.init(user:)
    )
}
