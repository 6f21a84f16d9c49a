public import Kernel

/// Asks Access for everything it knows about a person.
public struct PersonalRecord: Ask {
    public static let name = "access.PersonalRecord", module = "access"
    public let user: UserID
    public init(user: UserID) { self.user = user }

    public struct Reply: Codable, Sendable {
        /// `{ownedLocks, keys, residences, temporaryKeys, actions}`, as a person would read it.
        public let record: JSON
        public init(record: JSON) { self.record = record }
    }
}
