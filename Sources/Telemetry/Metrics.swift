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
    private struct State {
        var counters: [Series: Counter] = [:]
        var gauges: [Series: Double] = [:]
        var histograms: [Series: Histogram] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    /// Returns the counter of a series; callers keep it.
    public func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
        let series = Series(name, labels)
        return state.withLock { state in
            let counter = state.counters[series] ?? Counter()
            state.counters[series] = counter
            return counter
        }
    }

    /// Returns the histogram of a series of durations; callers keep it.
    public func histogram(_ name: String, _ labels: [(String, String)] = []) -> Histogram {
        let series = Series(name, labels)
        return state.withLock { state in
            let histogram = state.histograms[series] ?? Histogram()
            state.histograms[series] = histogram
            return histogram
        }
    }

    public func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
        let series = Series(name, labels)
        state.withLock { $0.gauges[series] = value }
    }

    /// Returns the sum of all series of a gauge.
    public func sum(of name: String) -> Int {
        state.withLock { state in Int(state.gauges.filter { $0.key.name == name }.reduce(0) { $0 + $1.value }) }
    }

    public var text: String {
        let now = state.withLock { $0 }
        var lines: [String] = []
        for (kind, values) in [("counter", now.counters.mapValues(\.total)), ("gauge", now.gauges)] {
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
        let prefix = series.labels.isEmpty ? "" : series.labels + ",", (counts, sum) = histogram.totals
        return zip(Histogram.bounds, counts).map { "\(series.name)_bucket{\(prefix)le=\"\($0)\"} \($1)" } + [
            "\(series.name)_bucket{\(prefix)le=\"+Inf\"} \(counts.last ?? 0)",
            "\(series.name)_sum\(braced(series.labels)) \(sum)",
            "\(series.name)_count\(braced(series.labels)) \(counts.last ?? 0)",
        ]
    }
}

extension Metrics {
    /// A number that only grows.
    public final class Counter: Sendable {
        private let value = Mutex(0.0)
        public func add(_ step: Double) { value.withLock { $0 += step } }
        var total: Double { value.withLock { $0 } }
    }

    /// Durations, counted in ranges.
    public final class Histogram: Sendable {
        /// Upper bounds in seconds.
        static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

        private struct State {
            /// The last range has no upper bound.
            var counts = Array(repeating: 0, count: bounds.count + 1)
            var sum = 0.0
        }
        private let state = Mutex(State())

        /// - Parameter seconds: a duration.
        public func add(_ seconds: Double) {
            let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
            state.withLock { state in
                state.counts[place] += 1
                state.sum += seconds
            }
        }

        /// How many durations were at most each bound, and how many there were at all; and their sum in seconds.
        var totals: (counts: [Int], sum: Double) {
            let now = state.withLock { $0 }
            return (now.counts.reduce(into: []) { $0.append(($0.last ?? 0) + $1) }, now.sum)
        }
    }
}
