import Database
public import Testing

/// Runs a test once on each of its databases, with a fresh one each time.
public struct DatabaseTrait: TestTrait, SuiteTrait, TestScoping {
    let dialects: [Dialect]
    let connections: Int
    public let isRecursive = true

    /// A failure says on which database it happened, and the other database is tested nevertheless.
    public func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        for dialect in dialects {
            let named: IssueHandlingTrait = .compactMapIssues { issue in
                var issue = issue
                issue.comments.append("on \(dialect)")
                return issue
            }
            try await named.provideScope(for: test, testCase: testCase) {
                do { try await TestDatabase.with(dialect, connections: connections) { try await function() } } catch {
                    Issue.record(error)
                }
            }
        }
    }
}

extension Trait where Self == DatabaseTrait {
    /// On SQLite and, where there is a server, on PostgreSQL.
    public static var everyDatabase: Self { .everyDatabase(connections: 8) }
    public static func everyDatabase(connections: Int) -> Self { Self(dialects: TestDatabase.dialects, connections: connections) }
    /// On SQLite alone, where the database makes no difference.
    public static var sqlite: Self { Self(dialects: [.sqlite], connections: 8) }
    /// On PostgreSQL alone; the suite is enabled only where there is a server.
    public static var postgres: Self { .postgres(connections: 8) }
    public static func postgres(connections: Int) -> Self { Self(dialects: [.postgres], connections: connections) }
}
