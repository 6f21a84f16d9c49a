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

    /// Matches a row whose action may have no events: a key was withdrawn before the events of its request were stored.
    private static var isWithdrawnKey: SQL {
        """
        type = \(ActionKind.addKey.rawValue) AND status = 'error' AND error LIKE '{"type":"Withdrawn"%'
        """
    }

    /// Matches a withdrawn key that the device was asked to add again since.
    /// - Parameter asked: when; nil when the device has answered, which it does only to the newer command.
    private static func hasBegunAnew(_ asked: Timestamp?) -> SQL {
        guard let asked else { return isWithdrawnKey }
        return "\(fragment: isWithdrawnKey) AND finished_at < \(asked)"
    }

    /// Selects the row of the action unless it is that of an earlier command, see `hasBegunAnew`.
    func stored(asked: Timestamp?) -> SQL {
        "SELECT 1 AS known FROM access.actions WHERE action_id = \(action) AND NOT (\(fragment: Self.hasBegunAnew(asked)))"
    }

    /// Deletes the row of an earlier command of the action, see `hasBegunAnew`, so that the repeat of its request can start it again.
    func forgetWithdrawn(asked: Timestamp?) -> SQL {
        "DELETE FROM access.actions WHERE action_id = \(action) AND \(fragment: Self.hasBegunAnew(asked))"
    }

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

    /// Finishes the action. A success overrides an earlier assumed failure, because the device has the last word; the end of a command
    /// that began after a withdrawal overrides the withdrawal.
    /// - Parameter now: when its command finished.
    static func finish(
        _ action: ActionID, error: (type: String, message: String)?, isLate: Bool = false, result: JSON?, at now: Timestamp
    ) -> SQL {
        let status = error == nil ? "success" : "error"
        let failure = error.map { JSON.object(["type": .string($0.type), "message": .string($0.message)]) }
        let begunAnew: SQL = isLate ? "FALSE" : isWithdrawnKey
        return """
            UPDATE access.actions SET status = \(status), result = \(optional: result), error = \(optional: failure), finished_at = \(now)
            WHERE action_id = \(action) AND (status = 'pending' OR \(status) = 'success' OR \(fragment: begunAnew))
            """
    }
}
