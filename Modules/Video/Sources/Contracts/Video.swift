/// The module's name on the bus.
public enum VideoModule { public static let name = "video" }
