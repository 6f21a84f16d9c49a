import Database
public import Kernel

/// Fails a transaction when the credentials have changed since its decision: it then inserts a row that violates a CHECK.
public enum Fences {
    static let constraint = "fence_holds"

    /// The table belongs to the schema `platform` and is always empty.
    public static let migration = Migration(
        "009-fences", ["CREATE TABLE platform.fences (holds BOOLEAN NOT NULL CONSTRAINT \(constraint) CHECK (holds))"])

    /// Returns one statement for each credentials epoch that some commits rely on.
    static func statements(for commits: [Commit]) -> [SQL] {
        Set(commits.compactMap(\.credentials)).sorted().map { epoch in
            """
            INSERT INTO platform.fences (holds)
            SELECT FALSE WHERE NOT EXISTS (SELECT 1 FROM platform.credentials_epoch WHERE epoch = \(epoch))
            """
        }
    }
}
