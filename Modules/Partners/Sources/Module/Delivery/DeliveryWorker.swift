import Application
import Kernel
import PartnersContracts

/// Sends due deliveries. Endpoints are independent of each other, and each keeps the order of events per aggregate.
struct DeliveryWorker: Sendable {
    let services: Services
    let sending: WebhookSending
    let activity: Activity
    private let endpoints = Endpoints()

    /// Maximum number of concurrent deliveries per endpoint, each of another aggregate.
    private static let perEndpoint = 4
    /// Duration of a claim. It outlives an attempt (5 s) and its record; deliveries claimed by a dead process are sent again after it.
    private static let claim = Duration.seconds(10)
    /// A claim that seems to last longer was made before the clock was set back. The margin covers claims made by another process, or a
    /// moment after `now` was read.
    private static let longestClaim = claim + .seconds(60)
    private static let page = 500

    init(services: Services, sending: WebhookSending, activity: Activity) {
        self.services = services
        self.sending = sending
        self.activity = activity
    }

    var jobs: [Job] {
        [
            Job("partners-deliveries") { try await run() },
            Verification(services: services, sending: sending).job,
            Job.every(.seconds(3_600), "partners-retention") { try await forget() },
        ]
    }

    private func run() async throws {
        while true {
            let hadWork = try await round()
            try await Task.sleep(for: .milliseconds(hadWork || activity.isRecent ? 10 : 250))
        }
    }

    /// Serves every endpoint with due deliveries, a page at a time. Endpoints that back off do not delay the others.
    private func round() async throws -> Bool {
        let now = services.clock()
        var hadWork = false, last = ""
        while true {
            let due = try await services.store.query(
                """
                SELECT w.id FROM partners.webhooks w WHERE w.status = 'active' AND w.id > \(last) AND EXISTS (
                    SELECT 1 FROM partners.deliveries d WHERE d.webhook_id = w.id AND d.state = 'pending' AND d.next_at <= \(now)
                        AND (d.claimed_until <= \(now) OR d.claimed_until > \(now + Self.longestClaim)))
                ORDER BY w.id LIMIT \(Self.page)
                """
            ).map { try $0.read("id", as: String.self) }
            if try await serve(due, at: now) { hadWork = true }
            guard due.count == Self.page, let end = due.last else { return hadWork }
            last = end
        }
    }

    private func serve(_ due: [String], at now: Timestamp) async throws -> Bool {
        var hadWork = false
        for webhook in due {
            let free = endpoints.room(for: webhook, of: Self.perEndpoint, at: now)
            guard free > 0 else { continue }
            for delivery in try await claim(webhook, atMost: free, at: now) {
                hadWork = true
                endpoints.begin(webhook)
                Task { await attempt(delivery) }
            }
        }
        return hadWork
    }

    /// Claims the first waiting delivery of each aggregate, so that no other process sends it too.
    private func claim(_ webhook: String, atMost limit: Int, at now: Timestamp) async throws -> [Delivery] {
        let rows = try await services.store.run([
            """
            UPDATE partners.deliveries SET claimed_until = \(now + Self.claim) WHERE id IN (
                SELECT d.id FROM partners.deliveries d JOIN partners.webhooks w ON w.id = d.webhook_id AND w.status = 'active'
                WHERE d.webhook_id = \(webhook) AND d.state = 'pending' AND d.next_at <= \(now)
                    AND (d.claimed_until <= \(now) OR d.claimed_until > \(now + Self.longestClaim))
                    AND NOT EXISTS (SELECT 1 FROM partners.deliveries e WHERE e.webhook_id = d.webhook_id AND e.lane = d.lane
                        AND e.state = 'pending' AND e.id < d.id)
                ORDER BY d.id LIMIT \(limit)) AND (claimed_until <= \(now) OR claimed_until > \(now + Self.longestClaim))
            RETURNING id, webhook_id, lane, envelope, body, attempts, COALESCE(queued_at, created_at) AS queued_at, claimed_until
            """,
            Delivery.endpoint(webhook),
        ])
        guard let endpoint = rows[1].first else { return [] }
        return try rows[0].map { try Delivery($0, endpoint) }
    }

    /// Sends a delivery and, as long as attempts succeed, the deliveries that wait behind it for the same aggregate.
    private func attempt(_ first: Delivery) async {
        defer { endpoints.end(first.webhook) }
        var next: Delivery? = first
        do {
            while let delivery = next { next = try await once(delivery) }
        } catch {
            // The claim expires and the delivery is sent again (at-least-once delivery).
            services.log.warning("An attempt could not be recorded", ["webhook": first.webhook, "error": "\(error)"])
        }
    }

    /// Makes one attempt and records it; returns the next delivery of the lane, claimed in the same transaction.
    private func once(_ delivery: Delivery) async throws -> Delivery? {
        let started = ContinuousClock.now
        let outcome = await sending.send(try delivery.request(services.vault, at: services.clock()))
        let spent = started.duration(to: .now), now = services.clock(), jitter = Double.random(in: 0...1)
        let verdict = RetryPolicy.verdict(outcome, attempts: delivery.attempts + 1, age: now.since(delivery.queuedAt), jitter: jitter)
        switch endpoints.note(delivery.webhook, success: verdict == .delivered, at: now, jitter: jitter) {
        case .lost:
            services.log.warning(
                "A webhook fails again and again; it is tried once in a while", ["webhook": delivery.webhook, "org": delivery.org.text])
        case .back: services.log.notice("A webhook answers again", ["webhook": delivery.webhook, "org": delivery.org.text])
        case nil: break
        }
        var statements = delivery.record(outcome, verdict, spent, at: now)
        if verdict == .delivered { statements += delivery.claimNext(until: now + Self.claim, at: now) }
        let rows = try await services.store.run(statements)
        activity.note()
        if verdict == .disable {
            let finish = FinishVerification(
                org: delivery.org, webhook: Webhook.ID(delivery.webhook), status: .disabled, url: WebhookURL(delivery.url))
            try await finish.carryOut(services)
        }
        guard verdict == .delivered, let row = rows[rows.count - 2].first, let endpoint = rows[rows.count - 1].first else { return nil }
        return try Delivery(row, endpoint)
    }

    /// Deletes what is old: attempts, deliveries, also those that wait for a paused webhook, and events of the feed.
    private func forget() async throws {
        let old = services.clock() - .seconds(30 * 86_400)
        _ = try await services.store.run([
            "DELETE FROM partners.attempts WHERE at < \(old)",
            "DELETE FROM partners.deliveries WHERE created_at < \(old)",
        ])
        _ = try await services.store.run(Feed.trim(before: old))
    }
}
