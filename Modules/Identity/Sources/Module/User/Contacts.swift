import Kernel

/// Names and addresses of people: the one table that knows them.
enum Contacts {
    static let migration = Migration(
        "001-contacts",
        [
            """
            CREATE TABLE identity.contacts (
                user_id TEXT PRIMARY KEY, email TEXT UNIQUE, first_name TEXT, last_name TEXT, phone TEXT UNIQUE, created_at BIGINT NOT NULL)
            """
        ])

    static func insert(_ user: UserID, email: EmailAddress?, first: String?, last: String?, at now: Moment) -> SQL {
        """
        INSERT INTO identity.contacts (user_id, email, first_name, last_name, created_at)
        VALUES (\(user), \(optional: email?.text), \(optional: first), \(optional: last), \(now))
        """
    }

    static func find(_ user: UserID) -> SQL { "SELECT * FROM identity.contacts WHERE user_id = \(user)" }
    static func find(_ email: EmailAddress) -> SQL { "SELECT * FROM identity.contacts WHERE email = \(email.text)" }
}
