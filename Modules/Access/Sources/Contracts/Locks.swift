public import Kernel

/// Asks Access which locks a user owns.
public struct OwnedLocks: Ask {
    public static let name = "access.OwnedLocks", module = "access"
    public static let timeout = Duration.seconds(3)
    public let owner: UserID
    public init(owner: UserID) { self.owner = owner }

    public struct Lock: Codable, Sendable {
        public let uuid: String
        public let serialNumber: String?
        public let isOnline: Bool
        public let keys: Int
        public let residents: Int
        /// The name of the last event, and the time at which it happened.
        public let lastEvent: String?
        public let changedAt: Timestamp?

        public init(
            uuid: String, serialNumber: String?, isOnline: Bool, keys: Int, residents: Int, lastEvent: String?, changedAt: Timestamp?
        ) {
            self.uuid = uuid
            self.serialNumber = serialNumber
            self.isOnline = isOnline
            self.keys = keys
            self.residents = residents
            self.lastEvent = lastEvent
            self.changedAt = changedAt
        }
    }
    public struct Reply: Codable, Sendable {
        public let locks: [Lock]
        public init(locks: [Lock]) { self.locks = locks }
    }
}
