import Application
import Kernel

/// Turns each event of every module into one delivery per subscribed webhook of its tenants. The query applies tenancy and filter, so a
/// webhook of another tenant is never considered.
enum FanOut {
    static let migration = Migration(
        "002-deliveries",
        [
            """
            CREATE TABLE partners.deliveries (
                id {identity}, webhook_id TEXT NOT NULL, envelope TEXT NOT NULL, name TEXT NOT NULL, lane TEXT NOT NULL, body TEXT NOT NULL,
                state TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, next_at BIGINT NOT NULL, created_at BIGINT NOT NULL,
                claimed_until BIGINT NOT NULL DEFAULT 0, last_status BIGINT, last_error TEXT, UNIQUE (webhook_id, envelope))
            """,
            "CREATE INDEX deliveries_by_lane ON partners.deliveries (webhook_id, lane, id) WHERE state = 'pending'",
            "CREATE INDEX deliveries_due ON partners.deliveries (next_at) WHERE state = 'pending'",
            """
            CREATE TABLE partners.attempts (
                id {identity}, delivery_id BIGINT NOT NULL, webhook_id TEXT NOT NULL, at BIGINT NOT NULL, status BIGINT, error TEXT,
                milliseconds BIGINT NOT NULL)
            """,
            "CREATE INDEX attempts_by_delivery ON partners.attempts (delivery_id)",
        ])

    /// What waits for one webhook, by when it is due: those that are paused may have much, which nobody looks at.
    static let dueByWebhook = Migration(
        "006-due-by-webhook",
        ["CREATE INDEX deliveries_due_by_webhook ON partners.deliveries (webhook_id, next_at) WHERE state = 'pending'"])

    static func reaction(_ catalogue: EventCatalogue, _ services: Services, _ activity: Activity) -> Reaction {
        let feed = Feed()
        return
            Reaction(
                "partners-fan-out", from: catalogue.modules, hears: catalogue.delivered,
                prefilter: { try await forSubscribers($0, feed, services) }
            ) { envelope in
                activity.note()
                return Changes(rows: envelope.audience.flatMap { rows(envelope, for: $0, feed, services) })
            }
    }

    /// Returns the events that some webhook or reader may want; tenants without any cost no more than this query.
    private static func forSubscribers(_ envelopes: [Envelope], _ feed: Feed, _ services: Services) async throws -> [Envelope] {
        let rows = try await services.store.query(
            """
            SELECT DISTINCT org_id, 0 AS reads FROM partners.webhooks WHERE status IN ('active', 'pending', 'paused')
            UNION ALL SELECT org_id, 1 AS reads FROM partners.feeds
            """)
        let subscribed = Set(try rows.map { try $0.read("org_id", as: OrgID.self) })
        feed.note(readers: Set(try rows.filter { try $0.read("reads", as: Int.self) == 1 }.map { try $0.read("org_id", as: OrgID.self) }))
        return envelopes.filter { $0.audience.contains(where: subscribed.contains) }
    }

    private static func rows(_ envelope: Envelope, for org: OrgID, _ feed: Feed, _ services: Services) -> [SQL] {
        let body = PartnerEnvelope.body(envelope, for: org), now = services.clock()
        return [deliver(envelope, body, for: org, at: now)] + (feed.isRead(by: org) ? Feed.keep(envelope, body, for: org, at: now) : [])
    }

    private static func deliver(_ envelope: Envelope, _ body: JSON, for org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO partners.deliveries (webhook_id, envelope, name, lane, body, state, next_at, created_at)
        SELECT id, CAST(\(envelope.id) AS TEXT), CAST(\(envelope.name) AS TEXT), CAST(\("\(envelope.stream)") AS TEXT), \
        CAST(\(body) AS TEXT),
            'pending', CAST(\(now) AS BIGINT), CAST(\(now) AS BIGINT)
        FROM partners.webhooks WHERE org_id = \(org) AND status IN ('active', 'pending', 'paused')
            AND (events LIKE '%|*|%' OR events LIKE \("%|\(envelope.name)|%"))
        ON CONFLICT (webhook_id, envelope) DO NOTHING
        """
    }
}
