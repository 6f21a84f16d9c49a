import Application
import Kernel

/// Secrets of webhooks at rest, encrypted separately for each purpose and webhook.
enum Sealed {
    static func secret(_ secret: String, _ id: Webhook.ID, _ vault: Vault) throws -> String {
        try vault.seal(Array(secret.utf8), "webhook-secret", id.text)
    }
    static func openSecret(_ sealed: String, _ id: Webhook.ID, _ vault: Vault) throws -> String {
        String(decoding: try vault.open(sealed, "webhook-secret", id.text), as: UTF8.self)
    }
    static func auth(_ auth: WebhookAuth, _ id: Webhook.ID, _ vault: Vault) throws -> String {
        try vault.seal(try JSON(encoding: auth).bytes, "webhook-auth", id.text)
    }
    static func openAuth(_ sealed: String, _ id: Webhook.ID, _ vault: Vault) throws -> WebhookAuth {
        try JSON.parse(try vault.open(sealed, "webhook-auth", id.text)).decoded()
    }
}

/// The secret that signs deliveries (Standard Webhooks, "Signature scheme").
enum SigningSecret {
    private static let prefix = "whsec_"

    static func generate(_ vault: Vault) -> String { prefix + Base64.encode(vault.random(24)) }

    /// Returns the key: the decoded base64 after `whsec_`, or the text itself if it has another form.
    static func key(_ secret: String) -> [UInt8] {
        guard secret.hasPrefix(prefix), let key = Base64.decode(secret.dropFirst(prefix.count)) else { return Array(secret.utf8) }
        return key
    }

    static func signature(_ secret: String, id: String, timestamp: Int64, body: [UInt8], _ vault: Vault) -> String {
        "v1," + Base64.encode(vault.hmac(Array("\(id).\(timestamp).".utf8) + body, key(secret)))
    }
}

/// Base64 with padding (RFC 4648 §4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset) }
            for place in 0..<4 { out.append(place <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var out: [UInt8] = [], buffer: UInt32 = 0, bits = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: byte) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 { bits -= 8; out.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits))) }
        }
        return out
    }
}
