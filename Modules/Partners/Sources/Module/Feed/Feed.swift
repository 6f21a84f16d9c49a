import Kernel
import Synchronization

/// What is kept of each tenant's events for those who read them by themselves, from the first time that it asks.
///
/// Every event gets the next number of one clock, whose row is locked until the numbers are committed: they are committed in their order,
/// so whoever has read up to a number has seen all before it.
final class Feed: Sendable {
    static let migration = Migration(
        "005-feed",
        [
            "CREATE TABLE partners.feed_clock (id BIGINT PRIMARY KEY, last BIGINT NOT NULL)",
            "INSERT INTO partners.feed_clock (id, last) VALUES (1, 0)",
            // `trimmed` is the last number that is no longer kept.
            "CREATE TABLE partners.feeds (org_id TEXT PRIMARY KEY, trimmed BIGINT NOT NULL, since BIGINT NOT NULL)",
            """
            CREATE TABLE partners.feed (
                number BIGINT PRIMARY KEY, org_id TEXT NOT NULL, envelope TEXT NOT NULL, name TEXT NOT NULL, aggregate TEXT NOT NULL,
                body TEXT NOT NULL, at BIGINT NOT NULL, UNIQUE (org_id, envelope))
            """,
            "CREATE INDEX feed_by_org ON partners.feed (org_id, number)",
            "CREATE INDEX feed_by_time ON partners.feed (at)",
        ])

    /// The tenants that read, so far as they were met. Whoever has begun goes on, so the batches of all sources add to one set.
    private let readers = Mutex<Set<OrgID>>([])

    func note(readers: Set<OrgID>) { self.readers.withLock { $0.formUnion(readers) } }
    func isRead(by org: OrgID) -> Bool { readers.withLock { $0.contains(org) } }

    /// Returns the statements that keep an event for a tenant.
    static func keep(_ envelope: Envelope, _ body: JSON, for org: OrgID, at now: Timestamp) -> [SQL] {
        [
            "UPDATE partners.feed_clock SET last = last + 1 WHERE id = 1",
            """
            INSERT INTO partners.feed (number, org_id, envelope, name, aggregate, body, at)
            SELECT last, CAST(\(org) AS TEXT), CAST(\(envelope.id) AS TEXT), CAST(\(envelope.name) AS TEXT), \
            CAST(\("\(envelope.stream)") AS TEXT), CAST(\(body) AS TEXT), CAST(\(now) AS BIGINT) FROM partners.feed_clock WHERE id = 1
            ON CONFLICT (org_id, envelope) DO NOTHING
            """,
        ]
    }

    /// Returns the statements that begin to keep the events of a tenant.
    static func begin(for org: OrgID, at now: Timestamp) -> [SQL] {
        ["INSERT INTO partners.feeds (org_id, trimmed, since) VALUES (\(org), 0, \(now)) ON CONFLICT (org_id) DO NOTHING"]
    }

    /// Returns the statements that delete what is older than a time.
    static func trim(before old: Timestamp) -> [SQL] {
        [
            """
            UPDATE partners.feeds SET trimmed = (SELECT MAX(f.number) FROM partners.feed f WHERE f.org_id = feeds.org_id AND f.at < \(old))
            WHERE EXISTS (SELECT 1 FROM partners.feed f WHERE f.org_id = feeds.org_id AND f.at < \(old))
            """,
            "DELETE FROM partners.feed WHERE at < \(old)",
        ]
    }
}
