import Kernel

/// Read model of tenants and webhooks, for lists, for the tenancy of partner calls, and for deliveries.
enum TenantTables {
    static let migration = Migration(
        "001-tenants",
        [
            """
            CREATE TABLE partners.tenants (
                org_id TEXT PRIMARY KEY, name TEXT NOT NULL, owner_email TEXT NOT NULL, api_key TEXT, webhooks BIGINT NOT NULL, \
            created_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE partners.webhooks (
                id TEXT PRIMARY KEY, org_id TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, status TEXT NOT NULL, \
            sealed_secret TEXT NOT NULL,
                sealed_auth TEXT, verify_at BIGINT, verify_attempts BIGINT NOT NULL DEFAULT 0, last_error TEXT, last_error_at BIGINT)
            """,
            "CREATE INDEX webhooks_by_org ON partners.webhooks (org_id)",
            "CREATE INDEX webhooks_to_verify ON partners.webhooks (verify_at) WHERE status = 'pending'",
        ])

    /// Adds the previous secret, and the time until which it also signs.
    static let overlaps = Migration(
        "003-secret-overlaps",
        ["ALTER TABLE partners.webhooks ADD COLUMN previous_secret TEXT", "ALTER TABLE partners.webhooks ADD COLUMN previous_until BIGINT"])

    /// A rebuild writes into the tables without emptying them, because they also hold what deliveries have recorded.
    static let view = View<Tenant>(rows: rows(for:))

    private static func rows(for change: Change<Tenant>) -> [SQL] {
        let org = change.stream.id, tenant = change.after
        let row: SQL = """
            INSERT INTO partners.tenants (org_id, name, owner_email, api_key, webhooks, created_at)
            VALUES (\(org), \(tenant.name ?? ""), \(tenant.ownerEmail ?? ""), \(optional: tenant.key?.json), \
            \(tenant.webhooks.count), \(change.at))
            ON CONFLICT (org_id) DO UPDATE SET api_key = EXCLUDED.api_key, webhooks = EXCLUDED.webhooks
            """
        switch change.event {
        case .webhookAdded(let webhook): return [row, put(webhook, org, at: change.at)]
        case .webhookChanged(let webhook): return [put(webhook, org, at: change.at)]
        case .webhookRemoved(let id): return [row, "DELETE FROM partners.webhooks WHERE id = \(id)"]
        case .registered, .keyIssued, .keyRevoked: return [row]
        }
    }

    /// Stores the event names between bars, so that one pattern finds a name.
    private static func put(_ webhook: Webhook, _ org: String, at now: Timestamp) -> SQL {
        let events = "|" + webhook.events.joined(separator: "|") + "|"
        return """
            INSERT INTO partners.webhooks (id, org_id, url, events, status, sealed_secret, sealed_auth, verify_at, previous_secret,
                previous_until)
            VALUES (\(webhook.id), \(org), \(webhook.url.text), \(events), \(webhook.status.rawValue), \(webhook.sealedSecret),
                \(optional: webhook.sealedAuth), \(now), \(optional: webhook.previousSecret), \(optional: webhook.previousUntil))
            ON CONFLICT (id) DO UPDATE SET url = EXCLUDED.url, events = EXCLUDED.events, status = EXCLUDED.status,
                sealed_secret = EXCLUDED.sealed_secret, sealed_auth = EXCLUDED.sealed_auth, verify_at = EXCLUDED.verify_at, \
            verify_attempts = 0,
                previous_secret = EXCLUDED.previous_secret, previous_until = EXCLUDED.previous_until
            """
    }
}
