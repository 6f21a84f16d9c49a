/// The maker of wallet passes. The standard one needs no account: it links to the pages where passes are installed from.
public struct WalletProvider: Sendable {
    /// Where the pass of a key for an Apple wallet is installed from; such a pass is bound to an e-mail address.
    public let appleLink: @Sendable (_ key: String, _ email: String) -> String
    public let googleLink: @Sendable (_ key: String) -> String

    public init(appleLink: @escaping @Sendable (String, String) -> String, googleLink: @escaping @Sendable (String) -> String) {
        (self.appleLink, self.googleLink) = (appleLink, googleLink)
    }

    public static let standard = WalletProvider(
        appleLink: { key, email in "https://a.wallet.spkey.co/?email=\(encoded(email))&uuid=\(encoded(key))&brand=spkey" },
        googleLink: { key in "https://g.wallet.spkey.co/?uuid=\(encoded(key))&brand=spkey" })

    /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte), digits = String(byte, radix: 16, uppercase: true)
            let isUnreserved = byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || "-._~".unicodeScalars.contains(scalar))
            return isUnreserved ? String(Character(scalar)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
