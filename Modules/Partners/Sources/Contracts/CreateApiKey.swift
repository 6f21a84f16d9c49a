public import Kernel

/// Asks Partners for an API key, registering the tenant if needed. Operators use it to bootstrap an installation.
public struct CreateApiKey: Ask {
    public static let name = "partners.CreateApiKey", module = "partners"
    public let org: OrgID
    public let orgName: String
    /// Super keys bypass ownership checks; they can only be created with this ask.
    public let isSuper: Bool
    /// Whether an existing key of the tenant may be replaced; the old key stops working at once.
    public var replaces: Bool?
    public init(org: OrgID, orgName: String, isSuper: Bool, replaces: Bool? = nil) {
        self.org = org
        self.orgName = orgName
        self.isSuper = isSuper
        self.replaces = replaces
    }

    public struct Reply: Codable, Sendable {
        /// Shown only once.
        public let key: String
        public init(key: String) { self.key = key }
    }
}
