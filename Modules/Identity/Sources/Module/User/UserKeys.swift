import Kernel

/// Everything a user holds: metal keys and digital ones.
struct UserKeys: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "physicalKeys": .list(of: PhysicalKey.schema), "digitalKeys": .list(of: WalletKey.schema), "walletKey": WalletKey.schema.optional,
    ])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> JSON {
        let state = snapshot.state, physical = state.physicalKeys(for: request.caller)
        let digital = (state.walletKey.map { [$0] } ?? []) + state.digitalKeys
        return [
            "physicalKeys": .array(physical.map { .object($0.data) }), "digitalKeys": .array(digital.map(\.json)), "walletKey": state.walletKey?.json,
        ]
    }

    static let operation = Operation.query(
        "/users/{id}/keys", "Read a user's keys of metal and in wallets", allow: .selfOrTenant, input: .path("id", "Id of the user."),
        make: UserKeys.init(user:)
    )
}
