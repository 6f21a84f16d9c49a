import Kernel

/// The validity of keys on locks. Rule L reads it on every request of a key holder.
enum KeyGrantRows {
    static let migration = Migration(
        "006-key-grants",
        [
            """
            CREATE TABLE access.key_grants (
                lock_id TEXT NOT NULL, key_uuid TEXT NOT NULL, user_id TEXT, validity TEXT NOT NULL, PRIMARY KEY (lock_id, key_uuid))
            """
        ])

    static func validities(on lock: LockID, of user: UserID) -> SQL {
        "SELECT key_uuid, validity FROM access.key_grants WHERE lock_id = \(lock.description) AND user_id = \(user)"
    }

    static let view = View<KeyGrant>(.table("key_grants", by: "lock_id || '/' || key_uuid")) { change in
        guard let terms = change.after.terms else { return [] }
        switch change.event {
        case .granted: return [try put(terms)]
        case .revoked: return [remove(terms)]
        case .barred, .admitted, .moveIntended, .moveSent, .moveDone, .moveFailed: return []
        }
    }

    private static func put(_ terms: KeyGrant.Terms) throws -> SQL {
        """
        INSERT INTO access.key_grants (lock_id, key_uuid, user_id, validity)
        VALUES (\(terms.lock.description), \(terms.key), \(optional: terms.holder), \(try JSON(encoding: terms.validity)))
        ON CONFLICT (lock_id, key_uuid) DO UPDATE SET user_id = EXCLUDED.user_id, validity = EXCLUDED.validity
        """
    }

    private static func remove(_ terms: KeyGrant.Terms) -> SQL {
        "DELETE FROM access.key_grants WHERE lock_id = \(terms.lock.description) AND key_uuid = \(terms.key)"
    }
}
