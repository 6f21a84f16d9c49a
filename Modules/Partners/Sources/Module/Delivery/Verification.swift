import Application
import Kernel
import PartnersContracts

/// Verifies new addresses with a challenge, which the receiver must answer with a success status.
struct Verification: Sendable {
    let services: Services
    let sending: WebhookSending

    var job: Job { Job.every(.milliseconds(200), "partners-verifications") { try await round() } }

    private func round() async throws {
        let now = services.clock()
        let rows = try await services.store.query(
            """
            SELECT id, org_id, url, verify_attempts FROM partners.webhooks WHERE status = 'pending' AND verify_at <= \(now)
            ORDER BY verify_at LIMIT 20
            """)
        let webhooks = try rows.map { try Due($0) }
        await withTaskGroup { group in
            for webhook in webhooks { group.addTask { await verify(webhook) } }
        }
    }

    /// A webhook whose address is due for verification.
    private struct Due {
        let id: String
        let org: String
        let url: String
        let attempts: Int

        init(_ row: Row) throws(RowDecodingError) {
            id = try row.read("id")
            org = try row.read("org_id")
            url = try row.read("url")
            attempts = try row.read("verify_attempts")
        }
    }

    private func verify(_ webhook: Due) async {
        let id = webhook.id
        let org = webhook.org
        let url = webhook.url
        let now = services.clock()
        let attempts = webhook.attempts + 1
        let challenge: JSON = [
            "type": "webhook.verification", "challenge": .string(UUIDText.fresh(at: now).text), "webhookId": .string(id),
        ]
        let outcome = await sending.send(
            WebhookSending.Request(url: url, headers: [("Content-Type", "application/json")], body: challenge.bytes))
        do {
            if case .answered(200..<300, _) = outcome { return try await finish(id, org, url, .active) }
            guard attempts < 60 else { return try await finish(id, org, url, .failed) }
            let next = services.clock() + RetryPolicy.backoff(attempts + 1, Double.random(in: 0...1))
            _ = try await services.store.run([
                """
                UPDATE partners.webhooks SET verify_at = \(next), verify_attempts = \(attempts), last_error = \("verification: \(outcome)"),
                    last_error_at = \(now)
                WHERE id = \(id) AND status = 'pending' AND url = \(url)
                """
            ])
        } catch {
            services.log.warning("A verification could not be recorded", ["webhook": id, "error": "\(error)"])
        }
    }

    private func finish(_ id: String, _ org: String, _ url: String, _ status: Webhook.Status) async throws {
        try await FinishVerification(org: OrgID(org), webhook: Webhook.ID(id), status: status, url: WebhookURL(url)).carryOut(services)
    }
}
