public import Kernel

/// Where a suspension counts. Its events name who spoke it: a tenant's word counts at that tenant's doors.
public enum Suspension {
    /// How events name the operator of the platform, whose word counts everywhere. No tenant is called so.
    public static let platform = "staff"

    /// The tenant at whose doors it counts; nil for everywhere.
    public static func scope(of author: String) -> OrgID? { author.hasSameBytes(as: platform) ? nil : OrgID(author) }
}
