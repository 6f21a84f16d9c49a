import Application
import Kernel

/// A code typed at the entrance panel.
struct Pin: Sendable, Equatable {
    let digits: String

    private static let length = 6

    /// Returns random digits; bytes above 249 are skipped, so that all digits are equally likely.
    static func random(_ vault: Vault) -> Pin {
        var digits = ""
        while digits.count < length {
            for byte in vault.random(16) where byte < 250 && digits.count < length { digits += String(byte % 10) }
        }
        return Pin(digits: digits)
    }

    /// The stored digest that identifies the PIN: a keyed hash, useless without the installation's data key.
    func digest(_ vault: Vault) -> [UInt8] { vault.blindIndexes(Array(digits.utf8), "pin")[0] }
    /// The digests under every data key that is still in the ring.
    func digests(_ vault: Vault) -> [[UInt8]] { vault.blindIndexes(Array(digits.utf8), "pin") }

    func sealed(for key: TempKey.ID, _ vault: Vault) throws -> String { try vault.seal(Array(digits.utf8), "pin", key.text) }
    static func open(_ sealed: String, for key: TempKey.ID, _ vault: Vault) throws -> Pin {
        Pin(digits: String(decoding: try vault.open(sealed, "pin", key.text), as: UTF8.self))
    }
}

/// Four to eight digits, as a guest typed them.
struct TypedPin: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var schema: Schema { Schema.string.matching("^\\d{4,8}$") }
    static func problem(with text: String) -> String? {
        (4...8).contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? nil : "must be 4 to 8 digits"
    }
}
