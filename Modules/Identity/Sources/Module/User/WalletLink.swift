import IdentityContracts
import Kernel

/// Where the pass of the wallet key is installed from.
struct WalletLink: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object(["url": Schema.string.formatted("uri"), "walletType": WalletKey.Kind.schema])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> JSON {
        guard let key = snapshot.state.walletKey else { throw Failure.refused(.unknown, code: nil, words: "The user has no wallet key.") }
        let provider = services.ports.port(WalletProvider.self) ?? .standard
        let url: String
        switch key.kind {
        case .apple:
            guard let email = try await services.store.query(Contacts.find(user)).first?.text("email") else {
                throw Failure.refused(.invalid, code: nil, words: "An Apple wallet key needs a user with an e-mail address.")
            }
            url = provider.appleLink(key.id.text, email)
        case .google: url = provider.googleLink(key.id.text)
        }
        return ["url": .string(url), "walletType": key.kind.json]
    }

    static let operation = Operation.query(
        "/users/{id}/wallet/link", "Read where the wallet key is installed from", allow: .selfOrTenant, input: .path("id", "Id of the user."),
        make: WalletLink.init(user:)
    )
}
