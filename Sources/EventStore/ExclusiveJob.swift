public import Application
import Database
public import Kernel
import Synchronization

/// Whether this process holds the lease of an exclusive job.
public final class LeaseState: Sendable {
    public enum State: Sendable {
        /// Not known yet.
        case starting
        /// Another process holds the lease.
        case standby
        case holding
    }
    private let current = Mutex(State.starting)
    public init() {}
    public var state: State { current.withLock { $0 } }
    func become(_ state: State) { current.withLock { $0 = state } }
}

/// Runs a job in one process at a time, under a lease that is renewed while the job runs and released at its end.
public struct ExclusiveJob: Sendable {
    let job: Job
    let lease: Lease
    let state: LeaseState
    let log: Log

    /// How often the lease is renewed, and how long a holder that cannot renew it goes on: less than the lease lasts.
    private static let interval = Duration.seconds(1), maxStaleness = Duration.seconds(3)

    /// - Parameters:
    ///   - store: the module's storage; the lease is stored among its checkpoints.
    ///   - holder: the same after a restart of the process, so that it need not wait for its own lease to expire.
    public init(_ job: Job, store: ModuleStore, holder: String, state: LeaseState, log: Log, clock: @escaping @Sendable () -> Timestamp) {
        lease = Lease(
            schema: store.schema, subscription: job.name, source: "", part: 0, holder: holder, database: store.database, clock: clock)
        self.job = job
        self.state = state
        self.log = log
    }

    /// Runs until the task is cancelled; throws what the job throws.
    public func run() async throws {
        while true {
            if let token = try await lease.take()?.token { try await hold(token) }
            state.become(.standby)
            try await Task.sleep(for: Self.interval / 2)
        }
    }

    private func hold(_ token: Int64) async throws {
        state.become(.holding)
        defer { state.become(.standby) }
        let outcome: Result<Void, any Error>, renewal = Renewal()
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await job.run() }
                group.addTask { try await renew(token, renewal) }
                group.addTask { try await watch(renewal) }
                // Reports standby before the remaining tasks have ended: from here on another process may run the job.
                defer { state.become(.standby); group.cancelAll() }
                try await group.next()
            }
            outcome = .success(())
        } catch DatabaseError.unaffected {
            return log.warning("An exclusive job was taken over by another process", ["job": job.name])
        } catch {
            outcome = .failure(error)
        }
        _ = try? await lease.database.transact([lease.release(token: token)])
        try outcome.get()
    }

    /// When the lease was last known to be held.
    private final class Renewal: Sendable {
        private let at = Mutex(ContinuousClock.now)
        func note(_ moment: ContinuousClock.Instant) { at.withLock { $0 = moment } }
        var age: Duration { at.withLock { $0 }.duration(to: .now) }
    }

    struct NotRenewed: Error {}

    /// Throws before an unrenewed lease expires: a renewal that hangs must not keep the job running.
    private func watch(_ renewal: Renewal) async throws {
        while renewal.age < Self.maxStaleness { try await Task.sleep(for: .milliseconds(100)) }
        throw NotRenewed()
    }

    /// Renews the lease; throws when another process holds it.
    private func renew(_ token: Int64, _ renewal: Renewal) async throws {
        while true {
            try await Task.sleep(for: Self.interval)
            let asked = ContinuousClock.now
            do {
                _ = try await lease.database.transact([lease.renew(token: token)])
                renewal.note(asked)
            } catch let error as DatabaseError where error.isPassing {
                log.debug("A lease could not be renewed", ["job": job.name, "error": "\(error)"])
            }
        }
    }
}
