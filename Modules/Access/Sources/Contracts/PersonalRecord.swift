public import Kernel

/// Asks Access for everything it stores about a user.
public struct PersonalRecord: Ask {
    public static let name = "access.PersonalRecord", module = "access"
    public let user: UserID
    public init(user: UserID) { self.user = user }

    public struct Reply: Codable, Sendable {
        /// `{ownedLocks, keys, keyHours, residences, temporaryKeys, temporaryKeysForThePerson, actions, runs}`, in a form that the user
        /// can read.
        public let record: JSON
        public init(record: JSON) { self.record = record }
    }
}
