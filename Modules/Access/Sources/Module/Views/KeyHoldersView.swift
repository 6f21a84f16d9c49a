import Kernel

/// In whose phone a wallet key is, as Identity has told: a lock may know the key without its holder.
enum KeyHoldersView {
    static let migration = Migration(
        "012-key-holders",
        [
            "CREATE TABLE access.key_holders (key_uuid TEXT PRIMARY KEY, user_id TEXT NOT NULL)",
            "CREATE INDEX key_holders_by_user ON access.key_holders (user_id)",
        ])

    static let told: Set = ["WalletKeyPrepared", "WalletKeyAdded"]

    static let reaction = Reaction("access-key-holders", from: ["identity"], hears: told, partitions: 4, view: "key_holders") { Changes(rows: rows(for: $0)) }

    /// Written also by what follows people, so that the holder is known there before anything happens to them.
    static func rows(for envelope: Envelope) -> [SQL] {
        guard let key = (envelope.data["keyId"] ?? envelope.data["walletKey"]?["keyId"])?.text else { return [] }
        let user = UserID(envelope.stream.id)
        return ["INSERT INTO access.key_holders (key_uuid, user_id) VALUES (\(key), \(user)) ON CONFLICT (key_uuid) DO UPDATE SET user_id = EXCLUDED.user_id"]
    }
}
