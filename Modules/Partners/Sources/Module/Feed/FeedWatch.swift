import Application
import Kernel
import Synchronization

/// Wakes those who wait for new events of their tenant: one query serves all of them.
final class FeedWatch: Sendable {
    private struct Waiting {
        let org: OrgID
        /// The last number that the reader has seen.
        let number: Int64
        let until: ContinuousClock.Instant
        let isOver: CheckedContinuation<Void, Never>
    }
    private struct State {
        var isRunning = false
        /// Everything up to here has been looked at.
        var seen: Int64 = 0
        /// The newest number of each tenant that was met.
        var newest: [OrgID: Int64] = [:]
        var waiting: [Waiting] = []
    }
    private let state = Mutex(State())
    private static let pause = Duration.milliseconds(50)
    /// As many may wait at once; others are answered at once.
    private static let limit = 4_000, limitOfTenant = 1_000

    func job(_ services: Services) -> Job {
        Job("partners-feed-watch") { [self] in
            state.withLock { $0.isRunning = true }
            defer { stop() }
            while true {
                if let seen = begin() { wake(by: try await Self.news(since: seen, services)) }
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private static func news(since seen: Int64, _ services: Services) async throws -> [OrgID: Int64] {
        let rows = try await services.store.query(
            "SELECT org_id, MAX(number) AS newest FROM partners.feed WHERE number > \(seen) GROUP BY org_id")
        return try rows.reduce(into: [:]) { $0[try $1.read("org_id")] = try $1.read("newest", as: Int64.self) }
    }

    /// Waits until the tenant has an event behind a number, or the time is over.
    /// - Returns: false when nothing was waited for, because nobody looks or too many wait.
    func wait(for org: OrgID, beyond number: Int64, until end: ContinuousClock.Instant) async -> Bool {
        let mayWait = state.withLock { state in
            state.isRunning && state.waiting.count < Self.limit && state.waiting.count { $0.org == org } < Self.limitOfTenant
        }
        guard mayWait else { return false }
        await withCheckedContinuation { isOver in
            let isHere = state.withLock { state in
                // What was passed over may be this tenant's.
                guard state.isRunning, state.seen <= number, state.newest[org, default: 0] <= number else { return true }
                state.waiting.append(Waiting(org: org, number: number, until: end, isOver: isOver))
                return false
            }
            if isHere { isOver.resume() }
        }
        return true
    }

    /// Returns from where to look; nil when nobody waits.
    private func begin() -> Int64? {
        state.withLock { state in
            guard let earliest = state.waiting.map(\.number).min() else { return nil }
            // What came while nobody waited need not be looked at.
            state.seen = max(state.seen, earliest)
            return state.seen
        }
    }

    private func wake(by news: [OrgID: Int64]) {
        let now = ContinuousClock.now
        let over = state.withLock { state in
            state.seen = max(state.seen, news.values.max() ?? 0)
            state.newest.merge(news) { max($0, $1) }
            let isOver = { (waiting: Waiting) in news[waiting.org, default: 0] > waiting.number || waiting.until <= now }
            defer { state.waiting.removeAll(where: isOver) }
            return state.waiting.filter(isOver)
        }
        for waiting in over { waiting.isOver.resume() }
    }

    private func stop() {
        let all = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for waiting in all { waiting.isOver.resume() }
    }
}
