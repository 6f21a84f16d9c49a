import Application
import IdentityContracts
import Kernel

/// The holders of wallet keys, as Identity has published them: a lock may list the key without its holder.
enum KeyHoldersView {
    static let migration = Migration(
        "012-key-holders",
        [
            "CREATE TABLE access.key_holders (key_uuid TEXT PRIMARY KEY, user_id TEXT NOT NULL)",
            "CREATE INDEX key_holders_by_user ON access.key_holders (user_id)",
        ])

    static let reaction = Reaction(
        "access-key-holders", partitions: 4, view: "key_holders",
        .on(WalletKeyPrepared.self) { event, _ in Changes(rows: [row(event.key, event.user)]) },
        .on(WalletKeyAdded.self) { event, _ in Changes(rows: [row(event.key, event.user)]) })

    /// `FollowPeople` also writes this row, so that it knows the holder before it handles later events of that user.
    static func row(_ key: UUIDText, _ user: UserID) -> SQL {
        """
        INSERT INTO access.key_holders (key_uuid, user_id) VALUES (\(key), \(user)) ON CONFLICT (key_uuid) DO UPDATE \
        SET user_id = EXCLUDED.user_id
        """
    }
}
