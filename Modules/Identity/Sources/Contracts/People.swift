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
