/// The module's name on the bus.
public enum IdentityModule { public static let name = "identity" }
