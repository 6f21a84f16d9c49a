public import Kernel

/// The provider of wallet passes.
public struct WalletProvider: Port {
    public static let title = "maker of wallet passes"
    /// Returns the install link for the Apple Wallet pass of a key; such a pass is bound to an e-mail address.
    public let appleLink: @Sendable (_ key: String, _ email: String) -> String
    public let googleLink: @Sendable (_ key: String) -> String

    public init(appleLink: @escaping @Sendable (String, String) -> String, googleLink: @escaping @Sendable (String) -> String) {
        self.appleLink = appleLink
        self.googleLink = googleLink
    }
}
