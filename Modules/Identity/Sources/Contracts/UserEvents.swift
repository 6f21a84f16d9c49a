public import Kernel

/// A user was suspended: by a tenant at its own doors, or by the operator of the platform everywhere.
public struct UserSuspended: PublishedEvent {
    public static let module = "identity", name = "UserSuspended"
    public let user: UserID
    /// Where it counts; nil for everywhere.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> UserSuspended? {
        let author = String.read(data["suspendedBy"], at: "suspendedBy", &reading)
        return author.map { UserSuspended(user: UserID(stream.id), tenant: Suspension.scope(of: $0)) }
    }
}

/// A suspension was lifted by who had spoken it.
public struct UserReactivated: PublishedEvent {
    public static let module = "identity", name = "UserReactivated"
    public let user: UserID
    /// Where the suspension counted; nil for everywhere, and then all of them are lifted.
    public let tenant: OrgID?
    public init(user: UserID, tenant: OrgID?) { (self.user, self.tenant) = (user, tenant) }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> UserReactivated? {
        let author = String.read(data["reactivatedBy"], at: "reactivatedBy", &reading)
        return author.map { UserReactivated(user: UserID(stream.id), tenant: Suspension.scope(of: $0)) }
    }
}

/// A person's data was erased for good.
public struct UserErased: PublishedEvent {
    public static let module = "identity", name = "UserErased"
    public let user: UserID
    public init(user: UserID) { self.user = user }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> UserErased? { UserErased(user: UserID(stream.id)) }
}

/// A wallet key was made for a user; it counts once it is committed, and may be on locks before.
public struct WalletKeyPrepared: PublishedEvent {
    public static let module = "identity", name = "WalletKeyPrepared"
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> WalletKeyPrepared? {
        UUIDText.read(data["keyId"], at: "keyId", &reading).map { WalletKeyPrepared(user: UserID(stream.id), key: $0) }
    }
}

/// A user has a wallet key; the event of the time before keys were prepared first.
public struct WalletKeyAdded: PublishedEvent {
    public static let module = "identity", name = "WalletKeyAdded"
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> WalletKeyAdded? {
        UUIDText.read(data["walletKey"]?["keyId"], at: "walletKey.keyId", &reading).map { WalletKeyAdded(user: UserID(stream.id), key: $0) }
    }
}

/// A user has a wallet key no more: it leaves the locks.
public struct WalletKeyRemoved: PublishedEvent {
    public static let module = "identity", name = "WalletKeyRemoved"
    public let user: UserID
    public let key: UUIDText
    public init(user: UserID, key: UUIDText) { (self.user, self.key) = (user, key) }

    public static func read(_ data: JSON.Object, of stream: StreamName, _ reading: inout Reading) -> WalletKeyRemoved? {
        UUIDText.read(data["keyId"], at: "keyId", &reading).map { WalletKeyRemoved(user: UserID(stream.id), key: $0) }
    }
}
