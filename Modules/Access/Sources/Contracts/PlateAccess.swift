public import Kernel

/// Asks Access which users a gate opens for when their car is seen.
public struct PlateRights: Ask {
    public static let name = "access.PlateRights", module = "access"
    public static let timeout = Duration.seconds(2)
    /// The number or the UUID of the gate's lock.
    public let lock: String
    /// The tenant of the camera; a gate of another opens for nobody.
    public let org: OrgID
    public let users: [UserID]
    public init(lock: String, org: OrgID, users: [UserID]) { (self.lock, self.org, self.users) = (lock, org, users) }

    public struct Reply: Codable, Sendable {
        /// Nil when there is no such lock of the tenant.
        public let number: Int?
        public let uuid: String?
        /// Those who own the lock or hold a key that counts now.
        public let entitled: [UserID]
        /// Those who are suspended there.
        public let barred: [UserID]
        public init(number: Int?, uuid: String?, entitled: [UserID], barred: [UserID]) {
            self.number = number
            self.uuid = uuid
            self.entitled = entitled
            self.barred = barred
        }
    }
}

/// Asks Access to open a gate for a user whose car was seen. The right is checked again, and the command never waits for the device.
public struct OpenForPlate: Ask {
    public static let name = "access.OpenForPlate", module = "access"
    public static let timeout = Duration.seconds(4)
    public let number: Int
    public let org: OrgID
    public let user: UserID
    /// Whether the right is the tenant's word alone: it has put the lock into the user's list.
    public let isListed: Bool
    /// Names the detection in the audit.
    public let detection: String
    /// The command may reach the device until then.
    public let deadline: Timestamp

    public init(number: Int, org: OrgID, user: UserID, isListed: Bool, detection: String, deadline: Timestamp) {
        self.number = number
        self.org = org
        self.user = user
        self.isListed = isListed
        self.detection = detection
        self.deadline = deadline
    }

    public struct Reply: Codable, Sendable {
        /// The action by which the open can be followed; nil when the gate was not told to open.
        public let action: ActionID?
        /// Why not.
        public let reason: String?
        public init(action: ActionID?, reason: String?) { (self.action, self.reason) = (action, reason) }
    }
}
