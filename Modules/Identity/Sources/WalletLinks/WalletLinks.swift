public import IdentityContracts
import Kernel

/// The standard provider of passes. It needs no account, because it has pages from which passes are installed.
public enum WalletLinks {
    public static let live = WalletProvider(
        appleLink: { key, email in "https://a.wallet.spkey.co/?email=\(encoded(email))&uuid=\(encoded(key))&brand=spkey" },
        googleLink: { key in "https://g.wallet.spkey.co/?uuid=\(encoded(key))&brand=spkey" })

    private static func encoded(_ text: String) -> String { PercentEncoding.encode(text.utf8) }
}
