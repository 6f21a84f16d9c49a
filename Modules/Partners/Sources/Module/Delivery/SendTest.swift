import Application
import Kernel

/// Sends an event that nothing has caused to one webhook, whatever its filter, so that its receiver can be tried.
struct SendTest: Command {
    let org: OrgID
    let webhook: Webhook.ID

    static let eventName = "WebhookTest"
    var target: String { org.text }

    /// The id of the event.
    struct Facts: Sendable { let envelope: UUIDText }

    enum Refusal: DomainError {
        case noSuchWebhook, isNotActive
        var kind: RefusalKind { self == .noSuchWebhook ? .unknown : .conflict }
        var message: String { self == .noSuchWebhook ? "There is no such webhook." : "Only an active webhook can be tested." }
    }

    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) -> Facts {
        Facts(envelope: UUIDText.fresh(at: request.attempt.now))
    }

    func decide(_ tenant: Tenant, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard let webhook = tenant.webhook(webhook) else { throw .noSuchWebhook }
        guard webhook.status == .active else { throw .isNotActive }
        return []
    }

    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _ facts: Facts, _ request: Request, _ services: Services)
        -> Effect
    {
        let now = request.attempt.now
        let event = Envelope(
            id: facts.envelope.text, source: services.module, name: Self.eventName, stream: snapshot.stream, subject: org.text, version: 0,
            at: now, audience: [org], trace: request.trace, data: ["webhookId": webhook.json])
        return .local(
            Changes(rows: [
                """
                INSERT INTO partners.deliveries (webhook_id, envelope, name, lane, body, state, next_at, created_at)
                VALUES (\(webhook), \(event.id), \(event.name), \("\(event.stream)"), \(PartnerEnvelope.body(event, for: org)), 'pending',
                    \(now), \(now))
                """
            ]))
    }

    static let operation = Operation.command(
        .post, "/webhooks/{webhookId}/test", "Send a test event to one's own webhook, of the type `WebhookTest`",
        allow: Rule("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) { command, _, caller in
            caller.org == command.org
        },
        answer: .only(200, .constant("success", true), .member("eventId") { $0.facts.envelope }),
        inputs: .init(.caller, .path("webhookId", "The webhook.")), make: { SendTest(org: $0.org ?? "", webhook: $1) })
}
