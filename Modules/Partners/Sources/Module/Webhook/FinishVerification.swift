import Application
import Kernel

/// Records what is known about the receiver: that it answers, that it never answered, or that it is permanently gone.
struct FinishVerification: Command {
    let org: OrgID
    let webhook: Webhook.ID
    let status: Webhook.Status
    /// The address that was tried; if the webhook has a different one, it was changed meanwhile.
    let url: WebhookURL

    var target: String { org.text }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Tenant.Event] {
        guard var changed = tenant.webhook(webhook), changed.url == url, changed.status != status else { return [] }
        // Whoever verifies may be late: the tenant may have paused it meanwhile.
        guard status == .disabled || changed.status == .pending else { return [] }
        changed.status = status
        changed.updatedAt = now
        if status == .active { changed.verifiedAt = now }
        return [.webhookChanged(changed)]
    }

    /// Pending deliveries of an endpoint that is given up become dead letters.
    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard !events.isEmpty, status == .disabled || status == .failed else { return .none }
        return .local(
            Changes(rows: [
                """
                UPDATE partners.deliveries SET state = 'dead', last_error = \("the webhook is \(status.rawValue)")
                WHERE webhook_id = \(webhook) AND state = 'pending'
                """
            ]))
    }

    func carryOut(_ services: Services) async throws {
        let request = Request(trace: Trace(correlation: "delivery", causation: nil), attempt: Attempt(now: services.clock()))
        _ = try await services.execute(self, for: request)
    }
}
