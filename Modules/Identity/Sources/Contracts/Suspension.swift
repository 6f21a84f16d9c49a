public import Kernel

/// The scope of a suspension. Its events name the author: a suspension by a tenant applies at that tenant's doors.
public enum Suspension {
    /// The author's name in events for the operator of the platform, whose suspensions apply everywhere. No tenant has this name.
    public static let platform = "staff"

    /// Returns the tenant at whose doors a suspension applies; nil for everywhere.
    public static func scope(of author: String) -> OrgID? { author.hasSameBytes(as: platform) ? nil : OrgID(author) }
}
