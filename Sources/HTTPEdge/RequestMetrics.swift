import Kernel
import Synchronization
import Telemetry

/// The metrics of one operation: its requests by status, and how long they took. Series appear with their first request.
final class RequestMetrics: Sendable {
    private struct Series {
        var durations: Metrics.Histogram?
        var counters: [Int: Metrics.Counter] = [:]
    }
    private let operation: String
    private let metrics: Metrics
    private let series = Mutex(Series())

    init(of operation: String, in metrics: Metrics) { (self.operation, self.metrics) = (operation, metrics) }

    func note(_ status: Int, after duration: Duration) {
        let (durations, counter) = series.withLock { series in
            let durations = series.durations ?? metrics.histogram("http_request_seconds", [("operation", operation)])
            let counter =
                series.counters[status] ?? metrics.counter("http_requests_total", [("operation", operation), ("status", "\(status)")])
            series.durations = durations
            series.counters[status] = counter
            return (durations, counter)
        }
        counter.add(1)
        durations.add(duration.inSeconds)
    }
}
