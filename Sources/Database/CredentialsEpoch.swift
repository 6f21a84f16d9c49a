public import Kernel

/// The number that says whether anything that processes remember of credentials and of stored states may still count.
public enum CredentialsEpoch {
    /// Raises it. Belongs into every transaction that changes credentials, or states other than by a commit of events.
    public static let raise = ("UPDATE platform.credentials_epoch SET epoch = epoch + 1 WHERE id = 1" as SQL).raisingEpoch

    /// Raises it if a condition holds.
    public static func raise(where condition: SQL) -> SQL {
        ("UPDATE platform.credentials_epoch SET epoch = epoch + 1 WHERE id = 1 AND \(fragment: condition)" as SQL).raisingEpoch
    }
}
