public import Kernel

/// A user was suspended: by a tenant at its own doors, or by the operator of the platform everywhere.
public struct UserSuspended: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserSuspended>("UserSuspended", members: .init(.stream, .member("suspendedBy"))) {
        (user: UserID, author: String) in
        UserSuspended(user: user, tenant: Suspension.scope(of: author))
    }
    public let user: UserID
    /// Where it counts; nil for everywhere.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }
}

/// A suspension was lifted by who had spoken it.
public struct UserReactivated: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserReactivated>("UserReactivated", members: .init(.stream, .member("reactivatedBy"))) {
        (user: UserID, author: String) in
        UserReactivated(user: user, tenant: Suspension.scope(of: author))
    }
    public let user: UserID
    /// Where the suspension counted; nil for everywhere, and then all of them are lifted.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }
}

/// A person's data was erased for good.
public struct UserErased: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserErased>("UserErased", members: .init(.stream), make: UserErased.init)
    public let user: UserID
    public init(user: UserID) { self.user = user }
}

/// A wallet key was made for a user; it counts once it is committed, and may be on locks before.
public struct WalletKeyPrepared: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<WalletKeyPrepared>(
        "WalletKeyPrepared", members: .init(.stream, .member("keyId")), make: WalletKeyPrepared.init)
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }
}

/// A user has a wallet key; the event of the time before keys were prepared first.
public struct WalletKeyAdded: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<WalletKeyAdded>("WalletKeyAdded", members: .init(.stream, .coded("walletKey"))) {
        (user: UserID, key: Key) in
        WalletKeyAdded(user: user, key: key.keyId)
    }
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }

    private struct Key: Codable { let keyId: UUIDText }
}

/// A user has a wallet key no more: it leaves the locks.
public struct WalletKeyRemoved: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<WalletKeyRemoved>(
        "WalletKeyRemoved", members: .init(.stream, .member("keyId")), make: WalletKeyRemoved.init)
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }
}
