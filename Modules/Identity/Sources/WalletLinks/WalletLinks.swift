public import IdentityContracts

/// The standard provider of passes. It needs no account, because it has pages from which passes are installed.
public enum WalletLinks {
    public static let live = WalletProvider(
        appleLink: { key, email in "https://a.wallet.spkey.co/?email=\(encoded(email))&uuid=\(encoded(key))&brand=spkey" },
        googleLink: { key in "https://g.wallet.spkey.co/?uuid=\(encoded(key))&brand=spkey" })

    /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte), digits = String(byte, radix: 16, uppercase: true)
            let isUnreserved =
                byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || "-._~".unicodeScalars.contains(scalar))
            return isUnreserved ? String(Character(scalar)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
