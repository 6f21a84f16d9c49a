import Application
import Kernel

/// Metrics of deliveries for operators.
enum DeliveryFigures {
    static func gauges(_ services: Services) -> [Gauge] {
        [
            Gauge("webhook_oldest_pending_seconds") { now in
                let oldest = try await services.store.query(
                    """
                    SELECT MIN(d.created_at) AS oldest FROM partners.deliveries d JOIN partners.webhooks w ON w.id = d.webhook_id
                    WHERE d.state = 'pending' AND w.status = 'active'
                    """
                ).first?.find("oldest", as: Timestamp.self)
                return oldest.map { max(0, now.since($0).inSeconds) } ?? 0
            },
            Gauge("webhook_dead_deliveries") { _ in
                let rows = try await services.store.query("SELECT COUNT(*) AS dead FROM partners.deliveries WHERE state = 'dead'")
                return Double(try rows[0].read("dead", as: Int64.self))
            },
        ]
    }
}
