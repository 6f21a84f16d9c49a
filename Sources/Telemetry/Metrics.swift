import Synchronization

/// Counters, gauges and histograms in memory, rendered as Prometheus text (exposition format 0.0.4).
public final class Metrics: Sendable {
    private struct Label: Hashable { let name: String, value: String }
    private struct Series: Hashable {
        let name: String
        let list: [Label]

        init(_ name: String, _ labels: [(String, String)]) { (self.name, list) = (name, labels.map(Label.init)) }

        var labels: String { list.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") }

        private func escaped(_ text: String) -> String {
            String(text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : $0 == "\n" ? ["\\", "n"] : [$0] })
        }
    }
    private struct Histogram {
        var counts = bounds.map { _ in 0 }
        var sum = 0.0
        var count = 0

        mutating func add(_ seconds: Double) {
            for (place, bound) in bounds.enumerated() where seconds <= bound { counts[place] += 1 }
            sum += seconds
            count += 1
        }
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
        let series = Series(name, labels)
        state.withLock { $0.counters[series, default: 0] += step }
    }

    public func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        let series = Series(name, labels)
        state.withLock { $0.gauges[series] = value }
    }

    /// Returns the sum of all series of a gauge.
    public func sum(of name: String) -> Int {
        state.withLock { state in Int(state.gauges.filter { $0.key.name == name }.reduce(0) { $0 + $1.value }) }
    }

    /// Records a duration in seconds.
    public func time(_ name: String, _ labels: [(String, String)] = [], _ seconds: Double) {
        let series = Series(name, labels)
        state.withLock { $0.histograms[series, default: Histogram()].add(seconds) }
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
            "\(series.name)_sum\(braced(series.labels)) \(histogram.sum)",
            "\(series.name)_count\(braced(series.labels)) \(histogram.count)",
        ]
    }
}
