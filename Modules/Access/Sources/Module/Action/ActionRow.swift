import Kernel

/// The kind of operation that an action performs.
enum ActionKind: String, Codable, Sendable, ColumnValue {
    case open = "OpenLock"
    case addKey = "AddKey"
    case removeKey = "RemoveKey"
    case writeKey = "WriteKey"
}

/// The row by which a caller follows an action; written together with the events of the request.
struct ActionRow: Codable, Sendable, Equatable {
    let action: ActionID
    let kind: ActionKind
    let lock: LockID
    let uuid: UUIDText
    let org: OrgID?
    /// The user who asked; nil when a tenant did.
    let user: UserID?
    let createdAt: Timestamp
    /// The key that is added or removed.
    private(set) var key: Key.ID?
    /// The slot of that key, if known.
    private(set) var index: Int?

    init(action: ActionID, kind: ActionKind, lock: Lock, caller: Caller, key: Key.ID? = nil, index: Int? = nil, at now: Timestamp) {
        self.action = action
        self.kind = kind
        self.lock = LockID(lock.number)
        uuid = lock.uuid
        org = lock.organisation
        user = caller.user
        createdAt = now
        self.key = key
        self.index = index
    }

    /// - Parameter lock: the lock that the stored row names.
    init(_ row: Row, of lock: Lock) throws(RowDecodingError) {
        action = try row.read("action_id")
        kind = try row.read("type")
        self.lock = LockID(lock.number)
        uuid = lock.uuid
        org = try row.find("org_id")
        user = try row.find("user_id")
        createdAt = try row.read("created_at")
        key = try row.find("key_uuid")
        index = try row.find("key_index")
    }

    func with(key: Key.ID, _ index: Int?) -> ActionRow {
        var copy = self
        (copy.key, copy.index) = (key, index)
        return copy
    }

    var door: OpenAction.Door { OpenAction.Door(action: action, lock: lock, uuid: uuid, org: org) }

    static let migration = Migration(
        "001-actions",
        [
            """
            CREATE TABLE access.actions (
                action_id TEXT PRIMARY KEY, type TEXT NOT NULL, lock_id BIGINT NOT NULL, org_id TEXT, user_id TEXT, status TEXT NOT NULL,
                result TEXT, error TEXT, created_at BIGINT NOT NULL, finished_at BIGINT)
            """
        ])

    static let keys = Migration(
        "018-keys-of-actions",
        ["ALTER TABLE access.actions ADD COLUMN key_uuid TEXT", "ALTER TABLE access.actions ADD COLUMN key_index BIGINT"])

    /// Selects a row whose action may have no events: a key was withdrawn before the events of its request were stored.
    private static var isWithdrawnKey: SQL {
        """
        type = \(ActionKind.addKey.rawValue) AND status = 'error' AND error LIKE '{"type":"Withdrawn"%'
        """
    }

    /// Selects the row of the action if its events are stored with it.
    var stored: SQL { "SELECT 1 AS known FROM access.actions WHERE action_id = \(action) AND NOT (\(fragment: Self.isWithdrawnKey))" }

    /// Deletes the row of an action that was withdrawn before, so that the repeat of its request can start it again.
    var forgetWithdrawn: SQL { "DELETE FROM access.actions WHERE action_id = \(action) AND \(fragment: Self.isWithdrawnKey)" }

    /// Inserts the row from a reaction, which may run before the request or be redelivered.
    var insertIfMissing: SQL {
        var text = insert.text
        text += " ON CONFLICT (action_id) DO NOTHING"
        return SQL(text: text, values: insert.values)
    }

    /// Inserts the row. Fails if a reaction has written it before the request: the events are then already stored.
    var insert: SQL {
        let row: SQL = """
            INSERT INTO access.actions (action_id, type, lock_id, org_id, user_id, status, created_at, key_uuid, key_index)
            VALUES (\(action), \(kind.rawValue), \(lock.number), \(optional: org), \(optional: user), 'pending', \(createdAt), \
            \(optional: key), \(optional: index))
            """
        return row.mergeable(by: action)
    }

    /// Finishes the action. A success overrides an earlier assumed failure, because the device has the last word.
    static func finish(_ action: ActionID, error: (type: String, message: String)?, result: JSON?, at now: Timestamp) -> SQL {
        let status = error == nil ? "success" : "error"
        let failure = error.map { JSON.object(["type": .string($0.type), "message": .string($0.message)]) }
        return """
            UPDATE access.actions SET status = \(status), result = \(optional: result), error = \(optional: failure), finished_at = \(now)
            WHERE action_id = \(action) AND (status = 'pending' OR \(status) = 'success')
            """
    }
}
