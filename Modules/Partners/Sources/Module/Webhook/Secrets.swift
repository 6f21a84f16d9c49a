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
