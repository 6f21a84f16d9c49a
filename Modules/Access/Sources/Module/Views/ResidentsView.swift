import Kernel

/// The locks at which each user hears the doorbell.
enum ResidentsView {
    static let migration = Migration(
        "008-residents",
        [
            "CREATE TABLE access.residents (lock_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (lock_id, user_id))",
            "CREATE INDEX residents_by_user ON access.residents (user_id)",
        ])

    static let view = View<Lock>(.table("residents", by: "lock_id"), rows: rows(for:))

    private static func rows(for change: Change<Lock>) -> [SQL] {
        switch change.event {
        case .residentAdded(let resident):
            [
                """
                INSERT INTO access.residents (lock_id, user_id) VALUES (\(change.stream.id), \(resident.user)) \
                ON CONFLICT (lock_id, user_id) DO NOTHING
                """
            ]
        case .residentRemoved(let user, _): ["DELETE FROM access.residents WHERE lock_id = \(change.stream.id) AND user_id = \(user)"]
        default: []
        }
    }

    static func locks(of user: UserID) -> SQL { "SELECT lock_id FROM access.residents WHERE user_id = \(user) ORDER BY lock_id" }
}
