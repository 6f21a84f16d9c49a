import Kernel

/// The data of a new temporary key that is recorded in the lock's history.
struct TempKeyNotice: Sendable, Equatable {
    let key: TempKey.ID
    let users: [UserID]?
    let from: Timestamp
    let until: Timestamp
    let maxUses: Int?
    let createdBy: String

    init(key: TempKey.ID, users: [UserID]?, from: Timestamp, until: Timestamp, maxUses: Int?, createdBy: String) {
        self.key = key
        self.users = users
        self.from = from
        self.until = until
        self.maxUses = maxUses
        self.createdBy = createdBy
    }

    init(_ definition: TempKey.Definition) {
        self.init(
            key: definition.id, users: definition.users, from: definition.from, until: definition.until, maxUses: definition.maxUses,
            createdBy: definition.createdBy)
    }
}

/// One use of a key at a lock.
struct TempKeyUse: Sendable, Equatable {
    let key: TempKey.ID
    /// The guest, if signed in.
    let user: UserID?
    /// How often the key has been used, including this use.
    let count: Int
}
