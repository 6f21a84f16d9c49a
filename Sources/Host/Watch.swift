import Database
import EventStore
import Kernel
import Telemetry

/// Keeps the figures that alarms look at: how far subscriptions are behind, what is parked, what modules say of themselves.
struct Watch: Sendable {
    let subscriptions: [Subscription]
    let gauges: [Gauge]
    let schemas: [String]
    let database: any Database
    let metrics: Metrics
    let clock: @Sendable () -> Moment

    private static let pause = Duration.seconds(10)

    var job: Job {
        Job("watch") {
            while true {
                try await look()
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private func look() async throws {
        let now = clock()
        for subscription in subscriptions {
            metrics.set("subscription_lag_seconds", subscription.labels, to: try await subscription.lag(at: now).inSeconds)
        }
        for schema in schemas {
            let parked = try await database.read("SELECT COUNT(*) AS parked FROM \(trusted: schema).dead_letters").first?.int("parked") ?? 0
            metrics.set("dead_letters", [("module", schema)], to: Double(parked))
        }
        for gauge in gauges { metrics.set(gauge.name, [], to: try await gauge.read(now)) }
    }
}
