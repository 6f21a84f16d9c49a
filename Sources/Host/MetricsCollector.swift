import Application
import Database
import EventStore
import Kernel
import Logging
import Telemetry

/// Collects the metrics that alarms watch: the lag of subscriptions, the number of parked messages and the modules' gauges.
struct MetricsCollector: Sendable {
    let subscriptions: [Subscription]
    let gauges: [Gauge]
    let schemas: [String]
    let database: any Database
    let metrics: Metrics
    let clock: @Sendable () -> Timestamp

    /// The external parties, each with whether it is available.
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
