import Application
import Kernel

/// Replaces the secret of a webhook by a generated one. For a day deliveries are signed with both.
struct RotateSecret: Command {
    let org: OrgID
    let webhook: Webhook.ID

    var target: String { org.text }

    struct Facts: Sendable {
        let secret: String
        /// The secret, encrypted.
        let sealed: String
    }

    enum Refusal: DomainError {
        case noSuchWebhook
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such webhook." }
    }

    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) throws -> Facts {
        let secret = SigningSecret.generate(services.vault)
        return Facts(secret: secret, sealed: try Sealed.secret(secret, webhook, services.vault))
    }

    func decide(_ tenant: Tenant, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard var changed = tenant.webhook(webhook) else { throw .noSuchWebhook }
        changed.replaceSecret(by: facts.sealed, at: now)
        changed.updatedAt = now
        return [.webhookChanged(changed)]
    }

    static let operation = Operation.command(
        .post, "/webhooks/{webhookId}/rotate-secret", "Replace the secret of one's own webhook; the one before signs too for 24 hours",
        allow: Rule("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) { command, _, caller in
            caller.org == command.org
        },
        answer: .only(
            200, .constant("success", true), .member("webhookId") { $0.command.webhook },
            .json("secret", .string.described("Shown only here.")) { .string($0.facts.secret) },
            .member("previousUntil") { $0.at + Webhook.overlap }),
        inputs: .init(.caller, .path("webhookId", "The webhook.")), make: { RotateSecret(org: $0.org ?? "", webhook: $1) })
}
