import Application
import IdentityContracts
import Kernel

/// The install link for the pass of the user's wallet key.
struct WalletLink: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    struct Reply: Sendable {
        let url: String
        let kind: WalletKey.Kind
    }

    static let shape = Shape<Reply>(.json("url", Schema.string.formatted("uri")) { .string($0.url) }, .member("walletType") { $0.kind })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Reply {
        guard let key = snapshot.state.walletKey else {
            throw RequestError.refused(.unknown, code: nil, message: "The user has no wallet key.")
        }
        let provider = try services.port(WalletProvider.self)
        let url: String
        switch key.kind {
        case .apple:
            guard let email = try await services.store.query(Contacts.find(user)).first?.find("email", as: String.self) else {
                throw RequestError.refused(.invalid, code: nil, message: "An Apple wallet key needs a user with an e-mail address.")
            }
            url = provider.appleLink(key.id.text, email)
        case .google: url = provider.googleLink(key.id.text)
        }
        return Reply(url: url, kind: key.kind)
    }

    static let operation = Operation.query(
        "/users/{id}/wallet/link", "Read where the wallet key is installed from", allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user.")),
        make: WalletLink.init(user:)
    )
}
