public import Kernel

/// A user was suspended: by a tenant at its own doors, or by the operator of the platform everywhere.
public struct UserSuspended: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserSuspended>("UserSuspended", members: .init(.stream, .member("suspendedBy"))) {
        (user: UserID, author: String) in
        UserSuspended(user: user, tenant: Suspension.scope(of: author))
    }
    public let user: UserID
    /// Where the suspension applies; nil for everywhere.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }
}

/// A suspension was lifted by its author.
public struct UserReactivated: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserReactivated>("UserReactivated", members: .init(.stream, .member("reactivatedBy"))) {
        (user: UserID, author: String) in
        UserReactivated(user: user, tenant: Suspension.scope(of: author))
    }
    public let user: UserID
    /// Where the suspension applied; nil for everywhere, which lifts all suspensions.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }
}

/// A user's data was erased permanently.
public struct UserErased: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<UserErased>("UserErased", members: .init(.stream), make: UserErased.init)
    public let user: UserID
    public init(user: UserID) { self.user = user }
}

/// A wallet key was prepared for a user. It is valid once it is committed, and may be on locks before.
public struct WalletKeyPrepared: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<WalletKeyPrepared>(
        "WalletKeyPrepared", members: .init(.stream, .member("keyId")), make: WalletKeyPrepared.init)
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }
}

/// A wallet key was added to a user. Only in logs from before keys were prepared first.
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

/// A user no longer has a wallet key; it is removed from the locks.
public struct WalletKeyRemoved: PublishedEvent {
    public static let module = "identity"
    public static let form = PublishedForm<WalletKeyRemoved>(
        "WalletKeyRemoved", members: .init(.stream, .member("keyId")), make: WalletKeyRemoved.init)
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }
}
