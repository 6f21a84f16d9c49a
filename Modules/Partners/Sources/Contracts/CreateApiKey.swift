public import Kernel

/// Asks Partners for an API key, registering the tenant if needed: the way an operator bootstraps an installation.
public struct CreateApiKey: Ask {
    public static let name = "partners.CreateApiKey", module = "partners"
    public let org: OrgID
    public let orgName: String
    /// Super keys pass the checks of ownership; they are made in this way only.
    public let isSuper: Bool
    /// Whether a key that the tenant has may be replaced: it is dead from then on.
    public var replaces: Bool?
    public init(org: OrgID, orgName: String, isSuper: Bool, replaces: Bool? = nil) {
        self.org = org
        self.orgName = orgName
        self.isSuper = isSuper
        self.replaces = replaces
    }

    public struct Reply: Codable, Sendable {
        /// Shown once.
        public let key: String
        public init(key: String) { self.key = key }
    }
}
