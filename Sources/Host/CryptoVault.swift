import Application
import Crypto
import Foundation
import Kernel

/// The vault on swift-crypto: AES-256-GCM under keys derived per purpose (HKDF, RFC 5869) from a ring of keys.
struct CryptoVault {
    /// The first key encrypts; every key decrypts what it encrypted.
    private let ring: [(id: String, key: SymmetricKey)]

    /// Returns what is wrong with a ring of keys; nil when nothing is wrong.
    static func problem(with text: String) -> String? {
        do {
            _ = try CryptoVault(ring: text)
            return nil
        } catch { return "must be ID:BASE64 with 32 bytes each, separated by commas" }
    }

    /// - Parameter text: `id:base64,id:base64`, 32 bytes each.
    init(ring text: String) throws {
        ring = try text.split(separator: ",").map { entry in
            let parts = entry.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let bytes = Data(base64Encoded: String(parts[1])), bytes.count == 32, !parts[0].contains(".") else {
                throw ConfigurationError("SPKEY_DATA_KEY must be id:base64 with 32 bytes each, separated by commas")
            }
            return (String(parts[0]), SymmetricKey(data: bytes))
        }
        guard !ring.isEmpty else { throw ConfigurationError("SPKEY_DATA_KEY is empty") }
    }

    /// The development key, which is publicly known.
    static let development = "dev:" + Data(SHA256.hash(data: Data("development-only-data-key".utf8))).base64EncodedString()

    var port: Vault {
        Vault(
            seal: { try seal($0, $1, $2) }, open: { try open($0, $1, $2) }, sha256: { Array(SHA256.hash(data: $0)) },
            hmac: { Array(HMAC<SHA256>.authenticationCode(for: $0, using: SymmetricKey(data: $1))) },
            blindIndexes: { message, purpose in
                ring.map { Array(HMAC<SHA256>.authenticationCode(for: message, using: derived($0.key, "digest/" + purpose))) }
            },
            sealUnder: { key, secret, context in
                (try AES.GCM.seal(secret, using: SymmetricKey(data: key), authenticating: Data(context.utf8)).combined ?? Data())
                    .base64EncodedString()
            },
            openUnder: { key, sealed, context in
                guard let data = Data(base64Encoded: sealed) else { throw Unreadable() }
                return Array(
                    try AES.GCM.open(AES.GCM.SealedBox(combined: data), using: SymmetricKey(data: key), authenticating: Data(context.utf8)))
            },
            random: { count in
                var generator = SystemRandomNumberGenerator()
                return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            })
    }

    private func derived(_ key: SymmetricKey, _ purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data(purpose.utf8), outputByteCount: 32)
    }

    private func seal(_ secret: [UInt8], _ purpose: String, _ context: String) throws -> String {
        let box = try AES.GCM.seal(secret, using: derived(ring[0].key, purpose), authenticating: Data(context.utf8))
        return ring[0].id + "." + (box.combined ?? Data()).base64EncodedString()
    }

    private struct Unreadable: Error {}

    private func open(_ sealed: String, _ purpose: String, _ context: String) throws -> [UInt8] {
        let parts = sealed.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let entry = ring.first(where: { $0.id == parts[0] }), let data = Data(base64Encoded: String(parts[1]))
        else {
            throw Unreadable()
        }
        return Array(
            try AES.GCM.open(AES.GCM.SealedBox(combined: data), using: derived(entry.key, purpose), authenticating: Data(context.utf8)))
    }
}
