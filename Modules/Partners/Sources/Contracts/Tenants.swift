public import Kernel

/// Asks whether a tenant exists.
public struct TenantExists: Ask {
    public static let name = "partners.TenantExists", module = "partners"
    public let org: OrgID
    public init(org: OrgID) { self.org = org }

    public struct Reply: Codable, Sendable {
        public let exists: Bool
        public init(exists: Bool) { self.exists = exists }
    }
}
