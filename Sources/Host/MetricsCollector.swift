import Application
import Database
import EventStore
import Kernel
import Logging
import Telemetry

/// Keeps the figures that alarms look at: how far subscriptions are behind, what is parked, what modules say of themselves.
struct MetricsCollector: Sendable {
    let subscriptions: [Subscription]
    let gauges: [Gauge]
    let schemas: [String]
    let database: any Database
    let metrics: Metrics
    let clock: @Sendable () -> Timestamp

    /// The parties outside, each with whether it is there.
    let ports: [(title: String, isThere: @Sendable () -> Bool)]
    let log: Logger

    private static let pause = Duration.seconds(10), glance = Duration.seconds(1)

    var jobs: [Job] {
        [
            Job.every(Self.pause, "watch") { try await look() },
            Job("outages") { try await watchOutages() },
        ]
    }

    private func watchOutages() async throws {
        var database = Outage("the database"), parties = ports.map { Outage("the \($0.title)") }
        while true {
            try await Task.sleep(for: Self.glance)
            database.note(isThere: await self.database.answersSoon(), log)
            for place in parties.indices { parties[place].note(isThere: ports[place].isThere(), log) }
        }
    }

    private func look() async throws {
        let now = clock()
        for subscription in subscriptions {
            metrics.set("subscription_lag_seconds", subscription.labels, to: try await subscription.lag(at: now).inSeconds)
        }
        for schema in schemas {
            let parked =
                try await database.read("SELECT COUNT(*) AS parked FROM \(trusted: schema).dead_letters").first?.find(
                    "parked", as: Int64.self) ?? 0
            metrics.set("dead_letters", [("module", schema)], to: Double(parked))
        }
        for gauge in gauges { metrics.set(gauge.name, [], to: try await gauge.read(now)) }
    }
}
