import Application
import Kernel

/// The contact data of a user, which events must not contain.
struct Contact: Sendable {
    let user: UserID
    let email: String?
    let firstName: String?
    let lastName: String?
    let phone: String?
    /// The user's id at the identity provider.
    let subject: String?
    let createdAt: Timestamp

    init(_ row: Row) throws(RowDecodingError) {
        user = try row.read("user_id")
        email = try row.read("email")
        firstName = try row.read("first_name")
        lastName = try row.read("last_name")
        phone = try row.read("phone")
        subject = try row.read("subject")
        createdAt = try row.read("created_at")
    }
}

extension Services {
    /// Returns the first contact that a query finds.
    func contact(_ query: SQL) async throws -> Contact? { try await store.query(query).first.map { try Contact($0) } }
}

/// Names and addresses of users; no other table has them.
enum Contacts {
    static let migration = Migration(
        "001-contacts",
        [
            """
            CREATE TABLE identity.contacts (
                user_id TEXT PRIMARY KEY, email TEXT UNIQUE, first_name TEXT, last_name TEXT, phone TEXT UNIQUE, subject TEXT, \
            created_at BIGINT NOT NULL)
            """
        ])

    static func insert(_ user: UserID, email: EmailAddress?, first: String?, last: String?, phone: PhoneNumber?, at now: Timestamp) -> SQL {
        """
        INSERT INTO identity.contacts (user_id, email, first_name, last_name, phone, created_at)
        VALUES (\(user), \(optional: email?.text), \(optional: first), \(optional: last), \(optional: phone?.text), \(now))
        """
    }

    static func set(email: EmailAddress, of user: UserID) -> SQL {
        "UPDATE identity.contacts SET email = \(email.text), pending_email = NULL WHERE user_id = \(user)"
    }
    static func set(phone: PhoneNumber?, of user: UserID) -> SQL {
        "UPDATE identity.contacts SET phone = \(optional: phone?.text) WHERE user_id = \(user)"
    }
    static func set(first: String?, last: String?, of user: UserID) -> SQL {
        "UPDATE identity.contacts SET first_name = \(optional: first), last_name = \(optional: last) WHERE user_id = \(user)"
    }
    /// Sets the user's id at the identity provider.
    static func set(subject: NonEmptyString, of user: UserID) -> SQL {
        "UPDATE identity.contacts SET subject = \(subject) WHERE user_id = \(user)"
    }

    static let pendingAddresses = Migration("002-pending-addresses", ["ALTER TABLE identity.contacts ADD COLUMN pending_email TEXT"])

    /// Removes an address from a user who has not proven it.
    static func release(_ email: EmailAddress, from user: UserID) -> SQL {
        "UPDATE identity.contacts SET email = NULL WHERE user_id = \(user) AND email = \(email.text)"
    }
    /// Sets an address that the user has yet to prove; it does not block other users.
    static func set(pending email: EmailAddress, of user: UserID) -> SQL {
        "UPDATE identity.contacts SET pending_email = \(email.text) WHERE user_id = \(user)"
    }

    static func remove(_ user: UserID) -> SQL { "DELETE FROM identity.contacts WHERE user_id = \(user)" }

    /// Selects the users whose addresses, without case and blanks, are those of others too; at most 10,000 of them.
    static let collisions: SQL = """
        SELECT c.user_id, c.email, c.created_at, LOWER(TRIM(c.email)) AS normal FROM identity.contacts c
        WHERE LOWER(TRIM(c.email)) IN (
            SELECT LOWER(TRIM(email)) FROM identity.contacts WHERE email IS NOT NULL GROUP BY LOWER(TRIM(email)) HAVING COUNT(*) > 1)
        ORDER BY normal, c.created_at LIMIT 10000
        """
    static func withEmail(after: UserID?, limit: Int) -> SQL {
        """
        SELECT user_id FROM identity.contacts WHERE email IS NOT NULL AND user_id > \(after?.text ?? "") ORDER BY user_id LIMIT \(limit)
        """
    }
    static func find(_ user: UserID) -> SQL { "SELECT * FROM identity.contacts WHERE user_id = \(user)" }
    static func find(_ phone: PhoneNumber) -> SQL { "SELECT * FROM identity.contacts WHERE phone = \(phone.text)" }
    static func find(_ email: EmailAddress) -> SQL { "SELECT * FROM identity.contacts WHERE email = \(email.text)" }
}
