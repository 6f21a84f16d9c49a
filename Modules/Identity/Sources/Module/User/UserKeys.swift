import Application
import Kernel

/// All metal and digital keys that a user holds.
struct UserKeys: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    struct Reply: Sendable {
        let physical: [PhysicalKey]
        let wallet: WalletKey?
        let older: [WalletKey]
    }

    static let shape = Shape<Reply>(
        .list("physicalKeys", of: PhysicalKey.shape) { $0.physical }, .member("digitalKeys") { ($0.wallet.map { [$0] } ?? []) + $0.older },
        .member("walletKey") { $0.wallet })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> Reply {
        let state = snapshot.state
        return Reply(physical: state.physicalKeys(for: request.caller), wallet: state.walletKey, older: state.digitalKeys)
    }

    static let operation = Operation.query(
        "/users/{id}/keys", "Read a user's keys of metal and in wallets", allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user.")), make: UserKeys.init(user:)
    )
}
