import Synchronization

/// Counters and histograms in memory, written as Prometheus text (exposition format 0.0.4).
public final class Metrics: Sendable {
    private struct Series: Hashable { let name: String, labels: String }
    private struct Histogram {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }
    private struct State {
        var counters: [Series: Double] = [:]
        var gauges: [Series: Double] = [:]
        var histograms: [Series: Histogram] = [:]
    }
    private let state = Mutex(State())
    /// Upper bounds in seconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    public init() {}

    public func count(_ name: String, _ labels: [(String, String)] = [], by step: Double = 1) {
        state.withLock { $0.counters[series(name, labels), default: 0] += step }
    }

    public func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        state.withLock { $0.gauges[series(name, labels)] = value }
    }

    /// Notes a duration in seconds.
    public func time(_ name: String, _ labels: [(String, String)] = [], _ seconds: Double) {
        state.withLock { state in
            var histogram = state.histograms[series(name, labels)] ?? Histogram(counts: Self.bounds.map { _ in 0 })
            for (place, bound) in Self.bounds.enumerated() where seconds <= bound { histogram.counts[place] += 1 }
            histogram.sum += seconds
            histogram.count += 1
            state.histograms[series(name, labels)] = histogram
        }
    }

    private func series(_ name: String, _ labels: [(String, String)]) -> Series {
        Series(name: name, labels: labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ","))
    }

    private static func escaped(_ text: String) -> String {
        String(text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : $0 == "\n" ? ["\\", "n"] : [$0] })
    }

    public var text: String {
        let now = state.withLock { $0 }
        var lines: [String] = []
        for (kind, values) in [("counter", now.counters), ("gauge", now.gauges)] {
            for (name, group) in Dictionary(grouping: values, by: \.key.name).sorted(by: { $0.key < $1.key }) {
                lines.append("# TYPE \(name) \(kind)")
                lines += group.map { "\(name)\(Self.braced($0.key.labels)) \($0.value)" }.sorted()
            }
        }
        for (name, group) in Dictionary(grouping: now.histograms, by: \.key.name).sorted(by: { $0.key < $1.key }) {
            lines.append("# TYPE \(name) histogram")
            for (series, histogram) in group.sorted(by: { $0.key.labels < $1.key.labels }) { lines += Self.lines(series, histogram) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func lines(_ series: Series, _ histogram: Histogram) -> [String] {
        let prefix = series.labels.isEmpty ? "" : series.labels + ","
        return zip(bounds, histogram.counts).map { "\(series.name)_bucket{\(prefix)le=\"\($0)\"} \($1)" } + [
            "\(series.name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)",
            "\(series.name)_sum\(braced(series.labels)) \(histogram.sum)", "\(series.name)_count\(braced(series.labels)) \(histogram.count)",
        ]
    }
}
