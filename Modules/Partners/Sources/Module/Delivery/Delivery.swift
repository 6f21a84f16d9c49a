import Application
import Kernel
import PartnersContracts

/// One event on its way to one endpoint.
struct Delivery: Sendable {
    let id: Int64
    let webhook: String
    /// The aggregate whose event order is kept.
    let lane: String
    let org: OrgID
    let url: String
    let envelope: String
    let body: String
    let attempts: Int
    /// Since when it waits: its retries count from then.
    let queuedAt: Timestamp
    /// The expiry of the claim; the delivery is claimed by this process as long as the row has this value.
    private let claim: Int64
    private let sealedSecret: String
    private let sealedAuth: String?
    private let previousSecret: String?
    private let previousUntil: Timestamp?

    init(_ row: Row, _ endpoint: Row) throws(RowDecodingError) {
        id = try row.read("id")
        webhook = try row.read("webhook_id")
        lane = try row.read("lane")
        envelope = try row.read("envelope")
        body = try row.read("body")
        url = try endpoint.read("url")
        org = try endpoint.read("org_id")
        attempts = try row.read("attempts")
        queuedAt = try row.read("queued_at")
        claim = try row.read("claimed_until")
        sealedSecret = try endpoint.read("sealed_secret")
        sealedAuth = try endpoint.read("sealed_auth")
        previousSecret = try endpoint.read("previous_secret")
        previousUntil = try endpoint.read("previous_until")
    }

    /// Returns the request with body, signature and the partner's own credentials (Standard Webhooks, "Webhook headers").
    func request(_ vault: Vault, at now: Timestamp) throws -> WebhookSending.Request {
        let id = Webhook.ID(webhook), bytes = Array(body.utf8), seconds = now.seconds
        let previous = previousUntil.map { $0 > now } == true ? previousSecret : nil
        // One signature per secret, separated by a space (Standard Webhooks, "Signature scheme").
        let signatures = try ([sealedSecret] + (previous.map { [$0] } ?? [])).map { sealed in
            SigningSecret.signature(try Sealed.openSecret(sealed, id, vault), id: envelope, timestamp: seconds, body: bytes, vault)
        }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("User-Agent", "SmartphoneKey-Webhooks/1"), ("webhook-id", envelope),
            ("webhook-timestamp", String(seconds)),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
        if let sealedAuth, let header = try Sealed.openAuth(sealedAuth, id, vault).header { headers.append(header) }
        return WebhookSending.Request(url: url, headers: headers, body: bytes)
    }

    static func endpoint(_ webhook: String) -> SQL {
        "SELECT id, org_id, url, sealed_secret, sealed_auth, previous_secret, previous_until FROM partners.webhooks WHERE id = \(webhook)"
    }

    /// Claims the next delivery of the lane if it is due, and reads the current endpoint.
    func claimNext(until claim: Timestamp, at now: Timestamp) -> [SQL] {
        [
            """
            UPDATE partners.deliveries SET claimed_until = \(claim) WHERE id = (
                SELECT MIN(id) FROM partners.deliveries WHERE webhook_id = \(webhook) AND lane = \(lane) AND state = 'pending')
                AND next_at <= \(now) AND claimed_until <= \(now)
                AND EXISTS (SELECT 1 FROM partners.webhooks WHERE id = \(webhook) AND status = 'active')
            RETURNING id, webhook_id, lane, envelope, body, attempts, COALESCE(queued_at, created_at) AS queued_at, claimed_until
            """,
            Self.endpoint(webhook),
        ]
    }

    /// Logs the attempt, and stores the resulting state of the delivery.
    func record(_ outcome: WebhookSending.Outcome, _ verdict: RetryPolicy.Verdict, _ spent: Duration, at now: Timestamp) -> [SQL] {
        let status: Int? = if case .answered(let status, _) = outcome { status } else { nil }
        let error: String? =
            switch outcome {
            case .answered: status.map { (200..<300).contains($0) } == true ? nil : "status \(status ?? 0)"
            case .failed(let message), .forbidden(let message): message
            }
        let state: String, next: Timestamp
        switch verdict {
        case .delivered: (state, next) = ("delivered", now)
        case .again(let after): (state, next) = ("pending", now + after)
        case .given, .disable: (state, next) = ("dead", now)
        }
        var rows: [SQL] = [
            """
            INSERT INTO partners.attempts (delivery_id, webhook_id, at, status, error, milliseconds)
            VALUES (\(id), \(webhook), \(now), \(optional: status), \(optional: error), \(spent.milliseconds))
            """,
            """
            UPDATE partners.deliveries SET state = \(state), attempts = attempts + 1, next_at = \(next), claimed_until = 0,
                last_status = \(optional: status), last_error = \(optional: error)
            WHERE id = \(id) AND state = 'pending' AND claimed_until = \(claim)
            """,
        ]
        if let error { rows.append("UPDATE partners.webhooks SET last_error = \(error), last_error_at = \(now) WHERE id = \(webhook)") }
        return rows
    }
}
