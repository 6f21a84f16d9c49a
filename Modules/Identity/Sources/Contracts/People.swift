public import Kernel

/// Asks Identity for the user with an e-mail address or a phone number.
public struct FindPerson: Ask {
    public static let name = "identity.FindPerson", module = "identity"
    public static let timeout = Duration.seconds(3)
    public let email: String?
    public let phone: String?
    public init(email: String?, phone: String?) { (self.email, self.phone) = (email, phone) }

    public struct Reply: Codable, Sendable {
        /// Nil if no user matches.
        public let user: UserID?
        public init(user: UserID?) { self.user = user }
    }
}

/// Asks Identity for the e-mail address of a user.
public struct PersonEmail: Ask {
    public static let name = "identity.PersonEmail", module = "identity"
    public static let timeout = Duration.seconds(3)
    public let user: UserID
    public init(user: UserID) { self.user = user }

    public struct Reply: Codable, Sendable {
        public let isKnown: Bool
        /// Nil for a user without one.
        public let email: String?
        public init(isKnown: Bool, email: String?) { (self.isKnown, self.email) = (isKnown, email) }
    }
}

/// Asks Identity for users with an e-mail address, in the order of their ids.
public struct PeopleWithEmail: Ask {
    public static let name = "identity.PeopleWithEmail", module = "identity"
    public static let timeout = Duration.seconds(3)
    /// Only users after this one; nil for the first.
    public let after: UserID?
    public let limit: Int
    public init(after: UserID?, limit: Int) { (self.after, self.limit) = (after, limit) }

    public struct Reply: Codable, Sendable {
        public let users: [UserID]
        public init(users: [UserID]) { self.users = users }
    }
}

/// Asks Identity for the devices that are linked to a user, by whomever.
public struct DevicesOfPerson: Ask {
    public static let name = "identity.DevicesOfPerson", module = "identity"
    public static let timeout = Duration.seconds(3)
    public let user: UserID
    public init(user: UserID) { self.user = user }

    public struct Reply: Codable, Sendable {
        public let devices: [String]
        public init(devices: [String]) { self.devices = devices }
    }
}

/// Asks Identity who holds a number plate that a camera has read, and whose plate may have been misread as it.
public struct PlateHolders: Ask {
    public static let name = "identity.PlateHolders", module = "identity"
    public static let timeout = Duration.seconds(2)
    public let plate: String
    /// The tenant at whose gate it was read. What another tenant says of its users does not count there.
    public let org: OrgID
    /// Plates, in any style, that open nothing at the gate.
    public let refused: [String]
    public init(plate: String, org: OrgID, refused: [String]) { (self.plate, self.org, self.refused) = (plate, org, refused) }

    public struct Holder: Codable, Sendable, Equatable {
        public let user: UserID
        /// The plate that the user holds, as cameras read it.
        public let plate: String
        /// Whether it is what the camera has read.
        public let isExact: Bool
        public init(user: UserID, plate: String, isExact: Bool) { (self.user, self.plate, self.isExact) = (user, plate, isExact) }
    }

    public struct Reply: Codable, Sendable {
        /// The plate that was asked for, as cameras read it; empty when no letter or digit is in it.
        public let plate: String
        public let holders: [Holder]
        /// Whether the plate, or one that it may be, is among the refused.
        public let isRefused: Bool
        public init(plate: String, holders: [Holder], isRefused: Bool) {
            (self.plate, self.holders, self.isRefused) = (plate, holders, isRefused)
        }
    }
}

/// Asks Identity in which of some users' lists a tenant has put a lock, for now.
public struct ListedUsers: Ask {
    public static let name = "identity.ListedUsers", module = "identity"
    public static let timeout = Duration.seconds(2)
    public let users: [UserID]
    /// The names that the lock has: its number and its UUID.
    public let names: [String]
    public let org: OrgID
    public init(users: [UserID], names: [String], org: OrgID) { (self.users, self.names, self.org) = (users, names, org) }

    public struct Reply: Codable, Sendable {
        public let users: [UserID]
        public init(users: [UserID]) { self.users = users }
    }
}

/// Asks Identity whether a tenant has linked a device to a user. What the user or another tenant has linked does not count.
public struct DeviceIsLinked: Ask {
    public static let name = "identity.DeviceIsLinked", module = "identity"
    public static let timeout = Duration.seconds(2)
    public let user: UserID
    public let device: String
    /// The tenant that owns the device.
    public let org: OrgID
    public init(user: UserID, device: String, org: OrgID) { (self.user, self.device, self.org) = (user, device, org) }

    public struct Reply: Codable, Sendable {
        public let isLinked: Bool
        public init(isLinked: Bool) { self.isLinked = isLinked }
    }
}

/// Asks Identity which of the given users have a phone number on file.
public struct PeopleWithPhone: Ask {
    public static let name = "identity.PeopleWithPhone", module = "identity"
    public static let timeout = Duration.seconds(2)
    public let users: [UserID]
    public init(users: [UserID]) { self.users = users }

    public struct Reply: Codable, Sendable {
        public let users: [UserID]
        public init(users: [UserID]) { self.users = users }
    }
}
