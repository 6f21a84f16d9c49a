import Kernel

/// What a lock's history tells of a key that was made for it.
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
    /// The guest, where one was signed in.
    let user: UserID?
    /// How often the key has been used, this time included.
    let count: Int
}
