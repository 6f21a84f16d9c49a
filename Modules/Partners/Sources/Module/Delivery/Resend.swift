import Application
import Kernel

/// Sends one delivery again, whatever has become of it.
struct ResendDelivery: Relay {
    let delivery: DeliveryID

    private static let shape = Shape<Requeue.Reply>(.constant("success", true), .json("id", .string) { .string(String($0.delivery)) })

    func question(from caller: Caller) throws -> Requeue {
        guard let org = caller.org else { throw Self.rule.violated }
        return Requeue(delivery: delivery.number, org: org)
    }
    func response(to reply: Requeue.Reply) -> Response { .json(200, Self.shape.json(reply)) }

    private static let rule = Rule<ResendDelivery, NoSubject>("the tenant of the webhook", by: .apiKey, refusal: .unknown) { _, _, caller in
        caller.org != nil
    }
    static let operation = Operation.relay(
        .post, "/deliveries/{deliveryId}/resend", "Send a delivery again, under the same event id", allow: rule,
        answers: [ResponseSpec(200, "It waits to be sent.", shape.schema), ResponseSpec(404, "There is no such delivery.")],
        inputs: .init(.path("deliveryId", "The delivery.")), make: ResendDelivery.init(delivery:))
}

/// Asks for a delivery to be sent again. Used only within this module.
struct Requeue: Ask {
    static let name = "partners.Requeue", module = "partners"
    let delivery: Int64
    let org: OrgID

    struct Reply: Codable, Sendable {
        let delivery: Int64
    }

    static let migration = Migration("004-queued-at", ["ALTER TABLE partners.deliveries ADD COLUMN queued_at BIGINT"])

    /// What makes a delivery wait anew. One that waits already, or is on its way, stays as it is.
    static func change(at now: Timestamp) -> SQL {
        "state = 'pending', attempts = 0, next_at = \(now), queued_at = \(now), claimed_until = 0"
    }

    static func answer(_ services: Services, _ activity: Activity) -> AskHandler {
        AskHandler(Requeue.self) { question, _ in
            let known = try await services.store.run([
                """
                UPDATE partners.deliveries SET \(fragment: change(at: services.clock())) WHERE id = \(question.delivery) AND state <> 'pending'
                    AND webhook_id IN (SELECT id FROM partners.webhooks WHERE org_id = \(question.org))
                """,
                """
                SELECT d.id FROM partners.deliveries d JOIN partners.webhooks w ON w.id = d.webhook_id
                WHERE d.id = \(question.delivery) AND w.org_id = \(question.org)
                """,
            ])
            guard !known[1].isEmpty else { throw RequestError.refused(.unknown, code: nil, message: "There is no such delivery.") }
            activity.note()
            return Reply(delivery: question.delivery)
        }
    }
}

/// Starts to send the deliveries of a time again, in their order.
struct Replay: WorkflowRequest {
    typealias Target = Tenant
    let org: OrgID
    let webhook: Webhook.ID
    let since: Timestamp
    let until: Timestamp?
    let onlyFailed: Bool
    let run: WorkflowID

    var target: String { org.text }
    static let shape = Shape<Replay>(.constant("success", true), .member("instanceId") { $0.run })

    func workflow(of tenant: Tenant, by caller: Caller) -> ReplayDeliveries {
        ReplayDeliveries(webhook: webhook, since: since, until: until, onlyFailed: onlyFailed)
    }

    static let operation = Operation.workflow(
        "/webhooks/{webhookId}/replay", "Send the deliveries of a time again, in their order and under the same event ids",
        allow: Rule("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) { replay, tenant, _ in
            tenant.webhook(replay.webhook) != nil
        },
        inputs: .init(
            .caller, .path("webhookId", "The webhook."), .body("since", "From this time on."),
            .body("until", "Up to this time; to now when absent."),
            .body("onlyFailed", "Whether only those that were given up.", default: false), .generated("replay"))
    ) { (caller: Caller, webhook: Webhook.ID, since: Timestamp, until: Timestamp?, onlyFailed: Bool, run: WorkflowID) in
        Replay(org: caller.org ?? "", webhook: webhook, since: since, until: until, onlyFailed: onlyFailed, run: run)
    }
}

/// Makes deliveries wait anew, portion by portion, so that what is new is not held up for long.
struct ReplayDeliveries: Workflow {
    static let name = "replay-deliveries-workflow", label = "Send deliveries again"
    let webhook: Webhook.ID
    let since: Timestamp
    let until: Timestamp?
    let onlyFailed: Bool

    private static let portion = 1_000
    private static let pause = Duration.seconds(1)

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let webhook = webhook, since = since, until = until, onlyFailed = onlyFailed
        let end = try await steps.perform("find the last") { () -> Int64 in
            try await services.store.query("SELECT COALESCE(MAX(id), 0) AS last FROM partners.deliveries WHERE webhook_id = \(webhook)")
                .first?
                .read("last") ?? 0
        }
        var last: Int64 = 0, count = 0
        while true {
            let after = last
            let ids = try await steps.perform("deliveries after \(after)") { () -> [Int64] in
                let now = services.clock()
                return try await services.store.run([
                    """
                    UPDATE partners.deliveries SET \(fragment: Requeue.change(at: now)) WHERE state <> 'pending' AND id IN (
                        SELECT id FROM partners.deliveries WHERE webhook_id = \(webhook) AND id > \(after) AND id <= \(end)
                            AND created_at >= \(since) AND created_at <= \(until ?? now)
                            AND state IN ('dead', \(onlyFailed ? "dead" : "delivered"))
                        ORDER BY id LIMIT \(Self.portion))
                    RETURNING id
                    """
                ])[0].map { try $0.read("id") }
            }
            count += ids.count
            guard let newest = ids.max() else { return ["deliveries": count.json] }
            last = newest
            try await steps.sleep("pause after \(newest)", Self.pause)
        }
    }
}
